"""Conversations and their messages."""

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
        "conversations",
        sa.Column("id", sa.Uuid(), nullable=False, comment="the request's"),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("privacy_mode", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column(
            "specialist_id",
            sa.Uuid(),
            nullable=False,
            comment="whoever accepted the request last; the only one who may read",
        ),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False, comment="by this specialist"),
        sa.Column(
            "since_seq",
            sa.Integer(),
            nullable=False,
            comment="what came before is between the client and a former specialist",
        ),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("first_reply_seq", sa.Integer(), nullable=True, comment="the first message since this acceptance"),
        sa.CheckConstraint("privacy_mode = 'sealed'", name=op.f("conversations_privacy_mode_is_sealed")),
        sa.CheckConstraint("0 <= since_seq AND since_seq <= last_seq", name=op.f("conversations_since_seq_has_passed")),
        sa.PrimaryKeyConstraint("id", name=op.f("conversations_pk")),
    )
    op.create_index("conversations_of_client", "conversations", ["client_id", "accepted_at", "id"], unique=False)
    op.create_index(
        "conversations_of_specialist", "conversations", ["specialist_id", "accepted_at", "id"], unique=False
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
        "messages",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(body) BETWEEN 1 AND 24576", name=op.f("messages_body_is_bounded")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("messages_conversation_id_known")),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name=op.f("messages_pk")),
    )
    tenant_policies("conversations", "messages", "idempotency")


def downgrade() -> None:
    op.drop_table("messages")
    op.drop_table("conversations")
    op.drop_table("parked")
    op.drop_table("outbox")
    op.drop_table("inbox")
    op.drop_table("idempotency")
    op.drop_table("claims")
