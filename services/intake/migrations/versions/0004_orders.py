"""Orders, what they were ordered on, and what stands beside them."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('service_terms',
    sa.Column('specialist_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('offered', sa.Boolean(), nullable=False),
    sa.Column('includes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('price_least', sa.BigInteger(), nullable=False, comment="in the currency's smallest unit"),
    sa.Column('price_most', sa.BigInteger(), nullable=False),
    sa.Column('wait_least', sa.Interval(), nullable=True, comment='as the house rules were when this was offered'),
    sa.Column('wait_most', sa.Interval(), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('planned_recording', 'urgent_work', 'planned_call', 'one_question', 'multi_stage')", name=op.f('service_terms_kind_is_known')),
    sa.CheckConstraint('price_least BETWEEN 0 AND price_most', name=op.f('service_terms_price_goes_up')),
    sa.PrimaryKeyConstraint('specialist_id', 'kind', 'version', 'tenant', name=op.f('service_terms_pk'))
    )
    op.create_table('orders',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Uuid(), nullable=False),
    sa.Column('specialist_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('terms_version', sa.Integer(), nullable=False, comment='the terms that the client acknowledged (C8)'),
    sa.Column('wait_least', sa.Interval(), nullable=True, comment='as those terms said'),
    sa.Column('wait_most', sa.Interval(), nullable=True),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('questions', sa.Integer(), nullable=False),
    sa.Column('urgency', sa.Text(), nullable=False, comment='what the first word of the first question did (C12)'),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paid_said_by', sa.Text(), nullable=True),
    sa.Column('due', sa.DateTime(timezone=True), nullable=True, comment='of urgent work, from its payment (C2)'),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('late', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('linked', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('link', sa.LargeBinary(), nullable=True, comment='where the result is; sealed, for the two sides alone'),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_by', sa.Text(), nullable=True),
    sa.Column('call_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('prepare_at', sa.DateTime(timezone=True), nullable=True, comment='when to write the questions of a call down (C3)'),
    sa.Column('follow_ups', sa.Integer(), server_default='0', nullable=False),
    sa.Column('changes', sa.Integer(), server_default='0', nullable=False),
    sa.Column('nudges', sa.Integer(), server_default='0', nullable=False),
    sa.Column('nudged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reports', sa.Integer(), server_default='0', nullable=False, comment='how often its link did not open (C1)'),
    sa.CheckConstraint("urgency IN ('none', 'urgent', 'braked')", name=op.f('orders_urgency_is_known')),
    sa.CheckConstraint('delivered_at IS NULL OR started_at IS NOT NULL', name=op.f('orders_started_before_it_is_there')),
    sa.CheckConstraint('linked = (link IS NOT NULL)', name=op.f('orders_link_if_linked')),
    sa.CheckConstraint('num_nulls(cancelled_at, cancelled_by) IN (0, 2)', name=op.f('orders_cancelled_whole_or_not')),
    sa.CheckConstraint('num_nulls(paid_at, paid_said_by) IN (0, 2)', name=op.f('orders_paid_whole_or_not')),
    sa.CheckConstraint('started_at IS NULL OR paid_at IS NOT NULL', name=op.f('orders_paid_before_it_starts')),
    sa.ForeignKeyConstraint(['specialist_id', 'kind', 'terms_version', 'tenant'], ['service_terms.specialist_id', 'service_terms.kind', 'service_terms.version', 'service_terms.tenant'], name=op.f('orders_specialist_id_kind_terms_version_tenant_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('orders_pk'))
    )
    op.create_index('orders_delivered', 'orders', ['specialist_id', 'kind', 'delivered_at'], unique=False, postgresql_where=sa.text('delivered_at IS NOT NULL'))
    op.create_index('orders_of_client', 'orders', ['client_id', 'placed_at'], unique=False)
    op.create_index('orders_of_specialist', 'orders', ['specialist_id', 'placed_at'], unique=False)
    op.create_index('orders_waiting', 'orders', ['specialist_id', 'kind', 'paid_at'], unique=False, postgresql_where=sa.text('paid_at IS NOT NULL AND started_at IS NULL AND cancelled_at IS NULL'))
    op.create_table('order_words',
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.Column('follow_up', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('order_words_order_id_known')),
    sa.PrimaryKeyConstraint('order_id', 'number', name=op.f('order_words_pk'))
    )
    op.create_table('order_stages',
    sa.Column('order_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('on', sa.DateTime(timezone=True), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('order_stages_order_id_known')),
    sa.PrimaryKeyConstraint('order_id', 'number', name=op.f('order_stages_pk'))
    )
    op.create_table('slots',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('specialist_id', sa.Uuid(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lasts', sa.Interval(), nullable=False),
    sa.Column('order_id', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.id'], name=op.f('slots_order_id_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('slots_pk')),
    sa.UniqueConstraint('order_id', name=op.f('slots_one_order_id')),
    sa.UniqueConstraint('tenant', 'specialist_id', 'starts_at', name=op.f('slots_one_tenant_specialist_id_starts_at'))
    )
    op.create_table('holidays',
    sa.Column('specialist_id', sa.Uuid(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=False),
    sa.Column('firsts', sa.ARRAY(sa.Date()), nullable=False),
    sa.Column('lasts', sa.ARRAY(sa.Date()), nullable=False),
    sa.PrimaryKeyConstraint('specialist_id', 'tenant', name=op.f('holidays_pk'))
    )
    tenant_policies("service_terms", "orders", "order_words", "order_stages", "slots", "holidays")


def downgrade() -> None:
    op.drop_table('holidays')
    op.drop_table('slots')
    op.drop_table('order_stages')
    op.drop_table('order_words')
    op.drop_index('orders_delivered', table_name='orders', postgresql_where=sa.text('delivered_at IS NOT NULL'))
    op.drop_index('orders_of_client', table_name='orders')
    op.drop_index('orders_of_specialist', table_name='orders')
    op.drop_index('orders_waiting', table_name='orders', postgresql_where=sa.text('paid_at IS NOT NULL AND started_at IS NULL AND cancelled_at IS NULL'))
    op.drop_table('orders')
    op.drop_table('service_terms')
