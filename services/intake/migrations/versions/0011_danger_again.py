"""Danger is told again, if it goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE, AFTER = "when the client said to be in danger", "when the client first said to be in danger"


def upgrade() -> None:
    op.add_column(
        "requests",
        sa.Column(
            "danger_told_at", sa.DateTime(timezone=True), nullable=True, comment="when that was last told to others"
        ),
    )
    op.alter_column(
        "requests", "danger_at", existing_type=sa.DateTime(timezone=True), comment=AFTER, existing_comment=BEFORE
    )


def downgrade() -> None:
    op.alter_column(
        "requests", "danger_at", existing_type=sa.DateTime(timezone=True), comment=BEFORE, existing_comment=AFTER
    )
    op.drop_column("requests", "danger_told_at")
