"""Two seats in place of two ids, sealed bodies in place of plain ones.

What was kept in the clear before the first release is not carried over: its rows would stay readable in the files.
"""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHECKS = {
    "purpose_is_known": "purpose IN ('request', 'solve', 'thank')",
    "privacy_mode_is_known": "privacy_mode IN ('sealed', 'observed')",
    "requests_are_sealed": "purpose <> 'request' OR privacy_mode = 'sealed'",
    "reviews_are_named": "(purpose = 'request') = (review_id IS NULL)",
    "counterpart_side_is_known": "counterpart_side IN ('specialist', 'clinic')",
    "ended_by_somebody": "(ended_at IS NULL) = (ended_by IS NULL)",
}
MESSAGE_CHECKS = {
    "form_is_known": "form IN ('text', 'card', 'opaque')",
    "commitment_is_a_digest": "octet_length(commitment) = 32",
}


def upgrade() -> None:
    op.execute("TRUNCATE messages, conversations")
    op.drop_index("conversations_of_specialist", "conversations")
    op.drop_index("conversations_of_client", "conversations")
    op.drop_constraint(op.f("conversations_privacy_mode_is_sealed"), "conversations")
    op.alter_column("conversations", "privacy_mode", existing_type=sa.Text(), comment="fixed for life")
    op.alter_column(
        "conversations", "id", existing_type=sa.Uuid(), comment="the request's, where there is one",
        existing_comment="the request's",
    )
    op.alter_column(
        "conversations", "specialist_id", new_column_name="counterpart_id", existing_type=sa.Uuid(),
        comment="whoever accepted the request last, or opened the talk; unless released, the only other one who reads",
    )
    op.alter_column(
        "conversations", "accepted_at", new_column_name="opened_at", existing_type=sa.DateTime(timezone=True),
        comment="with this counterpart",
    )
    op.alter_column(
        "conversations", "released_at", existing_type=sa.DateTime(timezone=True),
        comment="when this counterpart lost it; accepting it undoes that",
    )
    op.alter_column(
        "conversations", "since_seq", existing_type=sa.Integer(),
        comment="what came before is between the client and a former counterpart",
    )
    op.alter_column(
        "conversations", "first_reply_seq", existing_type=sa.Integer(), comment="the counterpart's first message"
    )
    for column in (
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("counterpart_side", sa.Text(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False, comment="whom it is with, or about"),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column(
            "released_seq", sa.Integer(), nullable=True, comment="what was said until then is not for whoever comes next"
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="a side, or the house"),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("conversations", column)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"conversations_{name}"), "conversations", condition)
    op.create_index("conversations_of_client", "conversations", ["client_id", "opened_at", "id"])
    op.create_index("conversations_of_counterpart", "conversations", ["counterpart_id", "opened_at", "id"])
    op.create_index("conversations_one_review", "conversations", ["tenant", "review_id"], unique=True)
    op.alter_column("messages", "body", existing_type=sa.LargeBinary(), comment="sealed with the conversation's key")
    for added in (
        sa.Column(
            "client_message_id", sa.Uuid(), nullable=False,
            comment="the sender's program's own; the same twice is one message",
        ),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column(
            "commitment", sa.LargeBinary(), nullable=False, comment="what the sender can be held to, without its words"
        ),
        sa.Column("stamp", sa.LargeBinary(), nullable=False, comment="our word on commitment, side, place and time"),
        sa.Column("attachments", sa.ARRAY(sa.Uuid()), nullable=False),
    ):
        op.add_column("messages", added)
    for name, condition in MESSAGE_CHECKS.items():
        op.create_check_constraint(op.f(f"messages_{name}"), "messages", condition)
    op.create_unique_constraint(
        "messages_sent_once", "messages", ["conversation_id", "sender_id", "client_message_id"]
    )
    op.create_table(
        "read_positions",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("read_positions_conversation_id_known")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "reader_id", name=op.f("read_positions_pk")),
    )
    op.create_table(
        "live_tickets",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("stay", sa.LargeBinary(), nullable=True, comment="of a guest: the connection ends with it"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("live_tickets_pk")),
    )
    op.create_index(op.f("live_tickets_by_expires_at"), "live_tickets", ["expires_at"])
    tenant_policies("read_positions", "live_tickets")


def downgrade() -> None:
    op.execute("TRUNCATE messages, conversations, read_positions")
    op.drop_table("live_tickets")
    op.drop_table("read_positions")
    op.drop_constraint("messages_sent_once", "messages")
    for name in MESSAGE_CHECKS:
        op.drop_constraint(op.f(f"messages_{name}"), "messages")
    for name in ("attachments", "stamp", "commitment", "form", "client_message_id"):
        op.drop_column("messages", name)
    op.alter_column("messages", "body", existing_type=sa.LargeBinary(), comment=None)
    op.drop_index("conversations_one_review", "conversations")
    op.drop_index("conversations_of_counterpart", "conversations")
    op.drop_index("conversations_of_client", "conversations")
    for name in CHECKS:
        op.drop_constraint(op.f(f"conversations_{name}"), "conversations")
    for name in (
        "erased_at", "ended_by", "ended_at", "released_seq", "review_id", "specialist_id",
        "counterpart_side", "purpose",
    ):
        op.drop_column("conversations", name)
    op.alter_column(
        "conversations", "first_reply_seq", existing_type=sa.Integer(),
        comment="the first message since this acceptance",
    )
    op.alter_column(
        "conversations", "since_seq", existing_type=sa.Integer(),
        comment="what came before is between the client and a former specialist",
    )
    op.alter_column(
        "conversations", "released_at", existing_type=sa.DateTime(timezone=True),
        comment="when this specialist lost it; accepting it undoes that",
    )
    op.alter_column(
        "conversations", "opened_at", new_column_name="accepted_at", existing_type=sa.DateTime(timezone=True),
        comment="by this specialist",
    )
    op.alter_column(
        "conversations", "counterpart_id", new_column_name="specialist_id", existing_type=sa.Uuid(),
        comment="whoever accepted the request last; unless released, the only one who may read",
    )
    op.alter_column("conversations", "id", existing_type=sa.Uuid(), comment="the request's")
    op.alter_column("conversations", "privacy_mode", existing_type=sa.Text(), comment=None)
    op.create_check_constraint(
        op.f("conversations_privacy_mode_is_sealed"), "conversations", "privacy_mode = 'sealed'"
    )
    op.create_index("conversations_of_client", "conversations", ["client_id", "accepted_at", "id"])
    op.create_index("conversations_of_specialist", "conversations", ["specialist_id", "accepted_at", "id"])
