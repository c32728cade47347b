"""Where to write to specialists and how to pay them is sealed from now on; what was said before stays readable."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NOW = {"messengers": "as they were said before they were sealed", "payment": "likewise"}
BEFORE = {
    "messengers": "logins, for own clients where the house allows it (D3)", "payment": "how to pay, for own clients (B18)",
}  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "profiles",
        sa.Column(
            "contact",
            sa.LargeBinary(),
            nullable=True,
            comment="logins of messengers (D3) and how to pay (B18), sealed; for own clients",
        ),
    )
    _say(NOW)


def downgrade() -> None:
    _say(BEFORE)
    op.drop_column("profiles", "contact")


def _say(comments: dict[str, str]) -> None:
    for column, comment in comments.items():
        op.execute(f"COMMENT ON COLUMN profiles.{column} IS '{comment}'")
