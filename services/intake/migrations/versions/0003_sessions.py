"""What both sides say of a session, purchases and refusals."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Until now the specialist's word was the outcome. When it was given nobody wrote down; the start is the earliest it can
# have been, so no time to dispute begins anew.
FILL = """
UPDATE sessions SET booked_under = request_id, agreed_at = booked_at,
  client_id = (SELECT client_id FROM requests WHERE requests.id = sessions.request_id),
  specialist_said = outcome,
  specialist_said_at = CASE WHEN outcome IS NOT NULL THEN starts_at END,
  outcome_at = CASE WHEN outcome IS NOT NULL THEN starts_at END
"""
CHECKS = {
    "outcome_with_its_time": "num_nulls(outcome, outcome_at) IN (0, 2)",
    "client_said_it_then": "num_nulls(client_said, client_said_at) IN (0, 2)",
    "specialist_said_it_then": "num_nulls(specialist_said, specialist_said_at) IN (0, 2)",
}
# Numbers were a request's before, whoever its specialist was.
RENUMBER = """
UPDATE sessions SET number = counted.number FROM (
  SELECT id, row_number() OVER (PARTITION BY request_id ORDER BY booked_at, id) AS number FROM sessions
) AS counted WHERE counted.id = sessions.id
"""


def upgrade() -> None:
    for column in (
        sa.Column("booked_under", sa.Uuid(), comment="the request it was agreed in; another one after a merge (R3)"),
        sa.Column("client_id", sa.Uuid(), comment="with whom it was agreed; a merge may join two accounts"),
        sa.Column("agreed_at", sa.DateTime(timezone=True), comment="when it was booked, or moved last"),
        sa.Column("moves", sa.Integer(), server_default="0", nullable=False),
        sa.Column("client_said", sa.Text()),
        sa.Column("client_said_at", sa.DateTime(timezone=True)),
        sa.Column("specialist_said", sa.Text()),
        sa.Column("specialist_said_at", sa.DateTime(timezone=True)),
        sa.Column("ruled", sa.Text(), comment="what support decided, whatever was said (D8)"),
        sa.Column("absent", sa.Text(), comment="who did not come, as the other side says"),
        sa.Column("cancelled_by", sa.Text(), comment="who called it off before it began"),
        sa.Column("outcome_at", sa.DateTime(timezone=True), comment="when it came to this outcome"),
    ):
        op.add_column("sessions", column)
    op.alter_column("sessions", "request_id", comment="of the engagement under which it counts now")
    op.execute(FILL)
    for name in ("booked_under", "client_id", "agreed_at"):
        op.alter_column("sessions", name, nullable=False)
    for name, holds in CHECKS.items():
        op.create_check_constraint(op.f(f"sessions_{name}"), "sessions", holds)
    op.create_foreign_key(op.f("sessions_booked_under_known"), "sessions", "requests", ["booked_under"], ["id"])
    op.create_index("sessions_agreed_in", "sessions", ["booked_under"])
    op.drop_constraint("sessions_one_request_id_number", "sessions")
    op.create_unique_constraint(
        op.f("sessions_one_request_id_specialist_id_number"), "sessions", ["request_id", "specialist_id", "number"]
    )
    op.create_table(
        "purchases",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "client_id", sa.Uuid(), nullable=False, comment="of the account that it concerns; a merge may join two"
        ),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("purchases_number_is_positive")),
        sa.CheckConstraint("said_by IN ('client', 'specialist')", name=op.f("purchases_said_by_is_known")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("purchases_request_id_known")),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", "number", name=op.f("purchases_pk")),
    )
    op.create_table(
        "refusals",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "honoured",
            sa.Boolean(),
            nullable=False,
            comment="false: the next session had been paid, so support decides",
        ),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("refusals_request_id_known")),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", name=op.f("refusals_pk")),
    )
    op.create_table(
        "merges",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("into_request_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("merges_request_id_known")),
        sa.ForeignKeyConstraint(["into_request_id"], ["requests.id"], name=op.f("merges_into_request_id_known")),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", name=op.f("merges_pk")),
    )
    op.create_index("merges_into", "merges", ["into_request_id"], postgresql_where=sa.text("merged"))
    tenant_policies("purchases", "refusals", "merges")


def downgrade() -> None:
    op.drop_table("merges")
    op.drop_table("refusals")
    op.drop_table("purchases")
    op.drop_constraint("sessions_one_request_id_specialist_id_number", "sessions")
    op.execute(RENUMBER)
    op.create_unique_constraint(op.f("sessions_one_request_id_number"), "sessions", ["request_id", "number"])
    op.drop_index("sessions_agreed_in", table_name="sessions")
    op.drop_constraint("sessions_booked_under_known", "sessions")
    for name in CHECKS:
        op.drop_constraint(f"sessions_{name}", "sessions")
    op.alter_column("sessions", "request_id", comment=None)
    for name in (
        "outcome_at", "cancelled_by", "absent", "ruled", "specialist_said_at", "specialist_said", "client_said_at",
        "client_said", "moves", "agreed_at", "client_id", "booked_under",
    ):  # fmt: skip
        op.drop_column("sessions", name)
