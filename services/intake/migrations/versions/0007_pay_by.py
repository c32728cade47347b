"""Until when orders are to be paid; those that wait for it already have a week from now."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FILL = "UPDATE orders SET pay_by = now() + interval '7 days' WHERE paid_at IS NULL AND cancelled_at IS NULL"
# Earlier versions know of no cancelling by time; what time ended its client may as well have.
FORGET = "UPDATE orders SET cancelled_by = 'client' WHERE cancelled_by = 'time'"


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column(
            "pay_by", sa.DateTime(timezone=True), nullable=True, comment="as it was told when it was placed (C8)"
        ),
    )
    op.execute(FILL)
    op.create_index(
        "orders_unpaid", "orders", ["pay_by"], postgresql_where=sa.text("paid_at IS NULL AND cancelled_at IS NULL")
    )


def downgrade() -> None:
    op.drop_index("orders_unpaid", table_name="orders")
    op.drop_column("orders", "pay_by")
    op.execute(FORGET)
