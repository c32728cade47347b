"""When a case was opened again, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cases",
        sa.Column(
            "reopened_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the last time, if it was closed and opened again",
        ),
    )
    op.add_column("cases", sa.Column("reopened_for", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("cases_reopened_for_something"), "cases", "(reopened_at IS NULL) = (reopened_for IS NULL)"
    )


def downgrade() -> None:
    op.drop_column("cases", "reopened_for")
    op.drop_column("cases", "reopened_at")
