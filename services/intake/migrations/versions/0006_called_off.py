"""Why sessions are called off."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sessions",
        sa.Column("called_off", sa.Text(), nullable=True, comment="how the work ended, before this session could begin"),
    )


def downgrade() -> None:
    op.drop_column("sessions", "called_off")
