"""Reviews that a talk may be opened on, who writes for a clinic, and what became of the problem."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True, comment="the author, where the partner says who"),
        sa.Column("clinic_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("reviews_pk")),
    )
    op.create_table(
        "representatives",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False, comment="name, position and organisation, sealed"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account_id", name=op.f("representatives_pk")),
    )
    op.create_table(
        "solutions",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("solutions_conversation_id_known")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("solutions_pk")),
    )
    tenant_policies("reviews", "representatives", "solutions")


def downgrade() -> None:
    op.drop_table("solutions")
    op.drop_table("representatives")
    op.drop_table("reviews")
