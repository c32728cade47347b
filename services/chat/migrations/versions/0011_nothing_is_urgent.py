"""No message says that it is urgent, so none passes a silence."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("notifications", "urgent")


def downgrade() -> None:
    op.add_column("notifications", sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.alter_column("notifications", "urgent", server_default=None)
