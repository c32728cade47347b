"""How many engagements ended in a way that is nobody's fault."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # With a default, a process that does not know of the column yet can go on counting.
    op.add_column("counters", sa.Column("released", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("journal", sa.Column("released", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("journal", "released")
    op.drop_column("counters", "released")
