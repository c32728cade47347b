"""Cases, and the house rules of when somebody takes them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.kit.sql import tenant_policies

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("requests_pk")),
    )
    op.create_index(op.f("requests_by_client_id"), "requests", ["client_id"], unique=False)
    # Whose requests were accepted has been heard of already.
    op.execute(
        "INSERT INTO requests SELECT DISTINCT ON (request_id) request_id, tenant, client_id FROM engagements"
    )
    op.create_table(
        "policies",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="by group and name; what is not here is the default",
        ),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", name=op.f("policies_pk")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "desk", sa.Text(), nullable=False, comment="in the order of the alphabet, the more urgent comes first"
        ),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=True, comment="who had the request then"),
        sa.Column("reason", sa.Text(), nullable=True, comment="of a refusal, from the closed list (R9)"),
        sa.Column("signs", sa.ARRAY(sa.Text()), nullable=False, comment="that a specialist ticked"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="until when somebody takes it"),
        sa.Column(
            "overdue_told_at", sa.DateTime(timezone=True), nullable=True, comment="once, even if it is given back"
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True, comment="who also closed it, if it is closed"),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="what an If-Match is compared with"),
        sa.CheckConstraint(
            "(kind, desk) IN (('danger', 'clinical'), ('safety_concern', 'clinical'), ('refusal', 'support'), "
            "('late_refusal', 'support'))",
            name=op.f("cases_desk_answers_kind"),
        ),
        sa.CheckConstraint("status IN ('open', 'taken', 'closed')", name=op.f("cases_status_is_known")),
        sa.CheckConstraint(
            "(status = 'open') = (taken_by IS NULL) AND (taken_by IS NULL) = (taken_at IS NULL)",
            name=op.f("cases_taken_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (outcome IS NOT NULL) AND (outcome IS NULL) = (closed_at IS NULL)",
            name=op.f("cases_closed_with_outcome"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("cases_pk")),
    )
    op.create_index("cases_in_queue", "cases", ["tenant", "status", "desk", "due_at", "id"], unique=False)
    op.create_index("cases_open", "cases", ["due_at"], unique=False, postgresql_where=sa.text("status = 'open'"))
    op.create_index("cases_of_request", "cases", ["request_id", "opened_at", "id"], unique=False)
    op.create_index("cases_of_specialist", "cases", ["specialist_id", "opened_at", "id"], unique=False)
    tenant_policies("requests", "policies", "cases")


def downgrade() -> None:
    op.drop_table("cases")
    op.drop_table("policies")
    op.drop_table("requests")
