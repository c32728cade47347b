"""Farewells that chat has told of."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "farewells",
        sa.Column("request_id", sa.Uuid(), nullable=False, comment="in whose conversation, known here or not yet"),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="for the first time"),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", name=op.f("farewells_pk")),
    )
    tenant_policies("farewells")


def downgrade() -> None:
    op.drop_table("farewells")
