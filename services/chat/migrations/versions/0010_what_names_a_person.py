"""What is to be found by whom it names, so that a person can be forgotten without looking at everything."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("read_positions_of_reader", "read_positions", ["reader_id"])
    op.create_index("attentions_of_person", "attentions", ["person_id"])
    op.create_index("messages_cards", "messages", ["sender_id"], postgresql_where=sa.text("form = 'card'"))
    op.create_index("reviews_of_client", "reviews", ["client_id"])


def downgrade() -> None:
    op.drop_index("reviews_of_client", table_name="reviews")
    op.drop_index("messages_cards", table_name="messages")
    op.drop_index("attentions_of_person", table_name="attentions")
    op.drop_index("read_positions_of_reader", table_name="read_positions")
