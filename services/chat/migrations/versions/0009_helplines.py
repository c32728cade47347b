"""Conversations that show helplines; what a first reply is is said more exactly."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BEFORE, AFTER = "the counterpart's first message", "the specialist's first words to the client of a request (B11)"


def upgrade() -> None:
    op.create_table(
        "help_needs",
        sa.Column("conversation_id", sa.Uuid(), nullable=False, comment="known here, or opened later"),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("help_needs_country_is_a_code")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("help_needs_pk")),
    )
    tenant_policies("help_needs")
    op.alter_column(
        "conversations", "first_reply_seq", existing_type=sa.Integer(), comment=AFTER, existing_comment=BEFORE
    )


def downgrade() -> None:
    op.alter_column(
        "conversations", "first_reply_seq", existing_type=sa.Integer(), comment=BEFORE, existing_comment=AFTER
    )
    op.drop_table("help_needs")
