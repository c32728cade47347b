"""States, wide counters, generations, policies, benchmarks and statuses; the projection is built anew from the log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.kit.sql import tenant_policies

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

METRICS = (
    "won", "lost", "excluded", "withdrawn", "merged", "one_off", "refused", "contacts", "gained", "unviewed", "views",
    "kept", "gone", "sessions", "in_time", "late", "unanswered", "forgiven", "waited_4s", "waited_8s", "waited_16s",
    "waited_32s", "waited_64s", "waited_128s", "waited_256s", "waited_512s", "waited_17m", "waited_34m", "waited_68m",
    "waited_longer", "reviews", "stars", "annulled",
)  # fmt: skip


def upgrade() -> None:
    for table in ("sessions", "journal", "engagements", "counters"):
        op.drop_table(table)
    op.execute("DELETE FROM claims WHERE subscriber = 'stats.conversion'")
    op.execute("DELETE FROM parked WHERE subscriber = 'stats.conversion'")
    op.create_table(
        "states",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "kind", "id", "specialist_id", "tenant", name=op.f("states_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_index("states_by_day", "states", ["generation", "tenant", "kind", "day"], unique=False, postgresql_where=sa.text("day IS NOT NULL"))
    op.create_table(
        "journal",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("entity_kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        *(sa.Column(metric, sa.Integer(), nullable=True) for metric in METRICS),
        sa.PrimaryKeyConstraint("generation", "specialist_id", "recorded_at", "number", name=op.f("journal_pk")),
    )
    op.create_table(
        "counters",
        sa.Column("generation", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        *(sa.Column(metric, sa.Integer(), nullable=False) for metric in METRICS),
        sa.PrimaryKeyConstraint("generation", "specialist_id", "day", "tenant", name=op.f("counters_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_table(
        "policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("policies_pk")),
    )
    op.create_table(
        "generations",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("accept_differences", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("live_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("live_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("generations_pk")),
    )
    op.create_index(
        "generations_one_live", "generations", [sa.literal_column("(live_until IS NULL)")], unique=True,
        postgresql_where=sa.text("live_from IS NOT NULL AND live_until IS NULL"),
    )  # fmt: skip
    op.create_index(
        "generations_one_building", "generations", [sa.literal_column("(live_from IS NULL)")], unique=True,
        postgresql_where=sa.text("live_from IS NULL AND live_until IS NULL"),
    )  # fmt: skip
    op.create_table(
        "benchmarks",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("benchmarks_pk")),
    )
    op.create_index("benchmarks_one_id", "benchmarks", ["id"], unique=True)
    op.create_table(
        "statuses",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("overall", sa.Double(), nullable=False),
        sa.Column("zones", postgresql.JSONB(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("benchmark_number", sa.Integer(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("specialist_id", "month", "tenant", name=op.f("statuses_pk")),
    )
    tenant_policies("states", "journal", "counters", "benchmarks", "statuses")


def downgrade() -> None:
    for table in ("statuses", "benchmarks", "generations", "policies", "counters", "journal", "states"):
        op.drop_table(table)
    op.create_table(
        "counters",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("specialist_id", "day", "metric", "tenant", name=op.f("counters_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_table(
        "engagements",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_event_id", sa.Uuid(), nullable=True),
        sa.Column("one_off", sa.Boolean(), nullable=True),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Boolean(), nullable=False),
        sa.Column("ruling_version", sa.BigInteger(), nullable=False),
        sa.Column("ruling_event_id", sa.Uuid(), nullable=True),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.Column("prev_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prev_held", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("prev_struck", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", "tenant", name=op.f("engagements_pk")),
        postgresql_with={"fillfactor": 75},
    )
    op.create_index("engagements_by_opening", "engagements", ["specialist_id", "opened_at", "request_id"], unique=False)
    op.create_table(
        "journal",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("decision_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("specialist_id", "recorded_at", "id", name=op.f("journal_pk")),
    )
    op.create_table(
        "sessions",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("prev_held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", "tenant", "session_id", name=op.f("sessions_pk")),
        postgresql_with={"fillfactor": 75},
    )
    tenant_policies("engagements", "sessions", "journal", "counters")


