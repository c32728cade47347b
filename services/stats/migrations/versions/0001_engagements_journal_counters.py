"""Engagements, the journal and the counters."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
        "counters",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("specialist_id", "day", "metric", "tenant", name=op.f("counters_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_table(
        "engagements",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_event_id", sa.Uuid(), nullable=True),
        sa.Column("one_off", sa.Boolean(), nullable=True),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Boolean(), nullable=False),
        sa.Column("ruling_version", sa.BigInteger(), nullable=False),
        sa.Column("ruling_event_id", sa.Uuid(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("prev_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prev_held", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("prev_struck", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", "tenant", name=op.f("engagements_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_index("engagements_by_opening", "engagements", ["specialist_id", "opened_at", "request_id"], unique=False)
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
        "journal",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("specialist_id", "recorded_at", "id", name=op.f("journal_pk")),
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
        "sessions",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("prev_held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", "tenant", "session_id", name=op.f("sessions_pk")),
        postgresql_with={"fillfactor": 75},
    )
    tenant_policies("engagements", "sessions", "journal", "counters", "idempotency")


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_index("parked_by_key", table_name="parked")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_table("journal")
    op.drop_table("inbox")
    op.drop_index(op.f("idempotency_by_at"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index("engagements_by_opening", table_name="engagements")
    op.drop_table("engagements")
    op.drop_table("counters")
    op.drop_table("claims")
