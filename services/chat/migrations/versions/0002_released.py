"""Who lost a request no longer takes part in its conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOBODY = "00000000-0000-0000-0000-000000000000"
BEFORE = "whoever accepted the request last; the only one who may read"
AFTER = "whoever accepted the request last; unless released, the only one who may read"


def upgrade() -> None:
    op.add_column(
        "conversations",
        sa.Column(
            "released_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when this specialist lost it; accepting it undoes that",
        ),
    )
    op.alter_column("conversations", "specialist_id", existing_type=sa.Uuid(), comment=AFTER, existing_comment=BEFORE)


def downgrade() -> None:
    # Without the column nothing would keep them out.
    op.execute(f"UPDATE conversations SET specialist_id = '{NOBODY}' WHERE released_at IS NOT NULL")  # noqa: S608
    op.alter_column("conversations", "specialist_id", existing_type=sa.Uuid(), comment=BEFORE, existing_comment=AFTER)
    op.drop_column("conversations", "released_at")
