"""Requests and their race."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE feed_positions")
    op.create_table(
        "claims",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False, comment="the offset that takes effect next"),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("lease", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("stopped", sa.Text(), nullable=True, comment="why nobody may go on here; cleared by an operator"),
        sa.PrimaryKeyConstraint("subscriber", "topic", "part", name=op.f("claims_pk")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "feed_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("feed_log_pk")),
        sa.UniqueConstraint("position", name=op.f("feed_log_one_position")),
    )
    op.create_index(
        "feed_log_unnumbered", "feed_log", ["id"], unique=False, postgresql_where=sa.text("position IS NULL")
    )
    op.create_table(
        "feed_tickets",
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="of the ticket; the ticket itself is nowhere"),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("feed_tickets_pk")),
    )
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("principal", sa.Uuid(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False, comment="SHA-256 of what was asked"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "principal", "operation", "key", name=op.f("idempotency_pk")),
    )
    op.create_index(op.f("idempotency_by_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "event_id", name=op.f("inbox_pk")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column(
            "slot", sa.Integer(), nullable=False, comment="murmur2 of the key: its shard and its partition follow"
        ),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("outbox_pk")),
    )
    op.create_table(
        "parked",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscriber", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="the kind of error; never its words, which may quote a person"
        ),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("parked_pk")),
    )
    op.create_index("parked_by_key", "parked", ["subscriber", "topic", "key", "id"], unique=False)
    op.create_table(
        "presses",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("margin_ms", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False, comment="the winner's"),
        sa.PrimaryKeyConstraint("specialist_id", "key", "tenant", name=op.f("presses_pk")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="what people call it"),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("one_off", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True, comment="E.164; for the winner alone, by one route"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "presses",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="presses on Accept; numbers the receipts",
        ),
        sa.Column("accepted_by", sa.Uuid(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "rest_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the wait that this accept earned its winner",
        ),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'phone') = (phone IS NOT NULL)", name=op.f("requests_phone_for_phone_requests_only")
        ),
        sa.CheckConstraint("kind IN ('chat', 'phone')", name=op.f("requests_kind_is_known")),
        sa.CheckConstraint(
            "(accepted_by IS NULL) = (accepted_at IS NULL) AND (accepted_by IS NULL) = (rest_until IS NULL)",
            name=op.f("requests_accepted_whole_or_not"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("requests_pk")),
    )
    op.create_index(
        "requests_open",
        "requests",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("accepted_by IS NULL AND deactivated_at IS NULL"),
    )
    op.create_table(
        "specialists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "ready_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="an absolute instant, whatever the rules become (D4)",
        ),
        sa.Column("resting_after", sa.Uuid(), nullable=True, comment="the request whose accept began the wait"),
        sa.PrimaryKeyConstraint("id", "tenant", name=op.f("specialists_pk")),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("outcome IN ('held', 'void')", name=op.f("sessions_outcome_is_known")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("sessions_request_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pk")),
        sa.UniqueConstraint("request_id", "number", name=op.f("sessions_one_request_id_number")),
    )
    tenant_policies("requests", "specialists", "presses", "feed_log", "feed_tickets", "sessions", "idempotency")


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_table("specialists")
    op.drop_index(
        "requests_open",
        table_name="requests",
        postgresql_where=sa.text("accepted_by IS NULL AND deactivated_at IS NULL"),
    )
    op.drop_table("requests")
    op.drop_table("presses")
    op.drop_index("parked_by_key", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_table("inbox")
    op.drop_index(op.f("idempotency_by_at"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("feed_tickets")
    op.drop_index("feed_log_unnumbered", table_name="feed_log", postgresql_where=sa.text("position IS NULL"))
    op.drop_table("feed_log")
    op.drop_table("claims")
    op.execute("DROP SEQUENCE feed_positions")
