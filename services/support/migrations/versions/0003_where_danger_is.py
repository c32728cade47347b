"""Where who is in danger is, and what they speak."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("country", sa.Text(), nullable=True, comment="where who is in danger is"))
    op.add_column("cases", sa.Column("locale", sa.Text(), nullable=True, comment="and what they speak"))


def downgrade() -> None:
    op.drop_column("cases", "locale")
    op.drop_column("cases", "country")
