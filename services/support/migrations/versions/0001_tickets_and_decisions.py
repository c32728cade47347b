"""Tickets and decisions."""

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
        "engagements",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False, comment="the request, by its client"),
        sa.Column("version", sa.Integer(), nullable=False, comment="0 until something is decided"),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True, comment="of the last exclusion"),
        sa.CheckConstraint(
            "version >= 0 AND (version = 0) = (ground IS NULL)", name=op.f("engagements_version_has_ground")
        ),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", name=op.f("engagements_pk")),
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
        "tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="what an If-Match is compared with"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'excluded', 'denied', 'reinstated')", name=op.f("tickets_status_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "specialist_id"],
            ["engagements.request_id", "engagements.specialist_id"],
            name=op.f("tickets_request_id_specialist_id_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("tickets_pk")),
    )
    op.create_index("tickets_by_age", "tickets", ["tenant", "opened_at", "id"], unique=False)
    op.create_index("tickets_in_queue", "tickets", ["tenant", "status", "opened_at", "id"], unique=False)
    op.create_index("tickets_of_specialist", "tickets", ["specialist_id", "opened_at", "id"], unique=False)
    op.create_index(
        "tickets_one_open",
        "tickets",
        ["request_id", "specialist_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True, comment="of the register; a denial leaves it as it was"),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'denied') = (version IS NULL)", name=op.f("decisions_only_denials_are_unversioned")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("decisions_ticket_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("decisions_pk")),
        sa.UniqueConstraint("request_id", "specialist_id", "version", name="decisions_one_per_version"),
    )
    op.create_index("decisions_of_request", "decisions", ["request_id", "at", "id"], unique=False)
    tenant_policies("engagements", "tickets", "decisions", "idempotency")


def downgrade() -> None:
    op.drop_table("decisions")
    op.drop_table("tickets")
    op.drop_table("engagements")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_table("inbox")
    op.drop_table("idempotency")
    op.drop_table("claims")
