"""Purchases can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "purchases",
        sa.Column(
            "voided_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when it was taken back: it was not paid",
        ),
    )
    op.add_column(
        "purchases",
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="one more each time it is taken back or said again",
        ),
    )


def downgrade() -> None:
    # Before, a purchase could not be taken back, and one that was has never been.
    op.execute("DELETE FROM purchases WHERE voided_at IS NOT NULL")
    op.drop_column("purchases", "version")
    op.drop_column("purchases", "voided_at")
