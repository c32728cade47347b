"""Presses are found by age, to be forgotten one day."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("presses_by_age", "presses", ["tenant", "accepted_at"])


def downgrade() -> None:
    op.drop_index("presses_by_age", table_name="presses")
