"""The promise, and what becomes of a request after its race."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.kit.sql import tenant_policies

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What was promised before is taken as kept: nobody wrote down whether it was, and nobody is blamed for that now.
FILL = """
UPDATE requests SET promised_until = reply_due, shown_at = opened_at, closes_at = opened_at + interval '1 day',
  kept_at = coalesce(accepted_at, opened_at), answered_at = accepted_at,
  reply_due = CASE WHEN accepted_by IS NOT NULL THEN reply_due END,
  closed_at = deactivated_at, closed_as = CASE WHEN deactivated_at IS NOT NULL THEN 'deactivated' END,
  look_at = CASE WHEN accepted_by IS NULL AND deactivated_at IS NULL THEN opened_at + interval '1 day' END
"""
CHECKS = {
    "age_is_known": "age IN ('unknown', 'minor', 'adult')",
    "phone_with_its_hash": "(phone IS NULL) = (phone_hash IS NULL)",
    "country_is_a_code": "country ~ '^[A-Z]{2}$'",
    "closed_whole_or_not": "num_nulls(closed_at, closed_as) IN (0, 2)",
    "accepted_whole_or_not": "num_nulls(accepted_by, accepted_at, rest_until, reply_due) IN (0, 4)",
}


def upgrade() -> None:
    op.drop_constraint("requests_phone_for_phone_requests_only", "requests")
    op.drop_constraint("requests_accepted_whole_or_not", "requests")
    op.drop_index("requests_open", table_name="requests")
    op.create_table(
        "avoidances",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("specialist_id", "client_id", "tenant", name=op.f("avoidances_pk")),
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
        "bars",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "accepted_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="of the acceptance that ended, in case it was no silence",
        ),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply_due", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("bars_request_id_known")),
        sa.PrimaryKeyConstraint("request_id", "specialist_id", name=op.f("bars_pk")),
    )
    op.add_column("presses", sa.Column("won", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE presses SET won = place = 1")
    op.add_column(
        "presses",
        sa.Column(
            "told",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="whether the bus has heard of it",
        ),
    )
    op.create_index("presses_untold", "presses", ["request_id"], unique=False, postgresql_where=sa.text("NOT told"))
    op.add_column(
        "requests",
        sa.Column(
            "age", sa.Text(), server_default="unknown", nullable=False, comment="routes, and is shown to nobody (D17)"
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "direct_to", sa.Uuid(), nullable=True, comment="the one specialist who is asked; nobody else sees it"
        ),
    )
    op.add_column("requests", sa.Column("messenger", sa.Text(), nullable=True))
    op.add_column("requests", sa.Column("country", sa.Text(), nullable=True, comment="whose helplines to show"))
    op.add_column(
        "requests",
        sa.Column(
            "may_call",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the client consents to a call (B14)",
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "phone_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="keyed; the same phone twice is the same client (D12)",
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "linked_to", sa.Uuid(), nullable=True, comment="an earlier request of the same client's, still alive (D12)"
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "promised_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="what the client was told at the submit (B1, D6)",
        ),
    )
    op.add_column(
        "requests",
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True, comment="when the promise was found broken"),
    )
    op.add_column(
        "requests",
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), nullable=True, comment="when a person first answered, whoever it was"
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "shown_at", sa.DateTime(timezone=True), nullable=True, comment="when its card last came into the feed"
        ),
    )
    op.add_column(
        "requests", sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True, comment="until when it is shown")
    )
    op.add_column(
        "requests",
        sa.Column(
            "danger_at", sa.DateTime(timezone=True), nullable=True, comment="when the client said to be in danger"
        ),
    )
    op.add_column(
        "requests",
        sa.Column(
            "round",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="one more each time it comes back into the feed",
        ),
    )
    op.add_column(
        "requests",
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True, comment="this winner's first answer"),
    )
    op.add_column(
        "requests",
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True, comment="when time next causes something here"),
    )
    op.add_column("requests", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("requests", sa.Column("closed_as", sa.Text(), nullable=True))
    # A number in plain text cannot be sealed here, where there are no keys; whoever needs it asks the client again.
    op.drop_column("requests", "phone")
    op.add_column(
        "requests",
        sa.Column("phone", sa.LargeBinary(), nullable=True, comment="sealed; for the winner alone, by one route"),
    )
    op.alter_column(
        "requests",
        "reply_due",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        nullable=True,
        comment="until when this winner answers (D6)",
    )
    op.execute(FILL)
    for name in ("promised_until", "shown_at", "closes_at"):
        op.alter_column("requests", name, nullable=False)
    op.create_index("requests_of_client", "requests", ["tenant", "client_id", "opened_at"], unique=False)
    op.create_index(
        "requests_of_phone",
        "requests",
        ["tenant", "phone_hash"],
        unique=False,
        postgresql_where=sa.text("phone_hash IS NOT NULL"),
    )
    op.create_index(
        "requests_of_winner",
        "requests",
        ["accepted_by", "accepted_at"],
        unique=False,
        postgresql_where=sa.text("accepted_by IS NOT NULL"),
    )
    op.create_index(
        "requests_to_look_at", "requests", ["look_at"], unique=False, postgresql_where=sa.text("look_at IS NOT NULL")
    )
    op.drop_column("requests", "deactivated_at")
    op.add_column(
        "specialists",
        sa.Column("unanswered", sa.Uuid(), nullable=True, comment="the request taken last, until it is answered (B21)"),
    )
    op.add_column(
        "specialists",
        sa.Column(
            "on_duty_until", sa.DateTime(timezone=True), nullable=True, comment="there to take requests until then (B7)"
        ),
    )
    op.add_column(
        "specialists",
        sa.Column("device_id", sa.Uuid(), nullable=True, comment="the one device that accepts; null lets any (B7)"),
    )
    op.add_column(
        "specialists",
        sa.Column("accepts_minors", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="B17"),
    )
    op.add_column(
        "specialists",
        sa.Column(
            "languages",
            sa.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="those they work in; none said means any",
        ),
    )
    op.create_index(
        "requests_open",
        "requests",
        ["opened_at"],
        postgresql_where=sa.text("accepted_by IS NULL AND closed_at IS NULL"),
    )
    for name, holds in CHECKS.items():
        op.create_check_constraint(op.f(f"requests_{name}"), "requests", holds)
    op.create_table(
        "reveals",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("reveals_request_id_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("reveals_pk")),
    )
    op.create_index(op.f("reveals_by_request_id"), "reveals", ["request_id"])
    tenant_policies("avoidances", "policies", "bars", "reveals")


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(f"requests_{name}", "requests")
    op.drop_index("requests_open", table_name="requests")
    op.execute("UPDATE requests SET reply_due = promised_until")
    op.drop_column("specialists", "languages")
    op.drop_column("specialists", "accepts_minors")
    op.drop_column("specialists", "device_id")
    op.drop_column("specialists", "on_duty_until")
    op.drop_column("specialists", "unanswered")
    op.add_column(
        "requests", sa.Column("deactivated_at", postgresql.TIMESTAMP(timezone=True), autoincrement=False, nullable=True)
    )
    op.drop_index("requests_to_look_at", table_name="requests", postgresql_where=sa.text("look_at IS NOT NULL"))
    op.drop_index("requests_of_winner", table_name="requests", postgresql_where=sa.text("accepted_by IS NOT NULL"))
    op.drop_index("requests_of_phone", table_name="requests", postgresql_where=sa.text("phone_hash IS NOT NULL"))
    op.drop_index("requests_of_client", table_name="requests")
    op.alter_column(
        "requests",
        "reply_due",
        existing_type=postgresql.TIMESTAMP(timezone=True),
        nullable=False,
        comment=None,
        existing_comment="until when this winner answers (D6)",
    )
    op.drop_column("requests", "phone")
    op.add_column(
        "requests", sa.Column("phone", sa.Text(), nullable=True, comment="E.164; for the winner alone, by one route")
    )
    op.drop_column("requests", "closed_as")
    op.drop_column("requests", "closed_at")
    op.drop_column("requests", "look_at")
    op.drop_column("requests", "answered_at")
    op.drop_column("requests", "round")
    op.drop_column("requests", "danger_at")
    op.drop_column("requests", "closes_at")
    op.drop_column("requests", "shown_at")
    op.drop_column("requests", "kept_at")
    op.drop_column("requests", "missed_at")
    op.drop_column("requests", "promised_until")
    op.drop_column("requests", "linked_to")
    op.drop_column("requests", "phone_hash")
    op.drop_column("requests", "may_call")
    op.drop_column("requests", "country")
    op.drop_column("requests", "messenger")
    op.drop_column("requests", "direct_to")
    op.drop_column("requests", "age")
    op.drop_index("presses_untold", table_name="presses", postgresql_where=sa.text("NOT told"))
    op.drop_column("presses", "told")
    op.drop_column("presses", "won")
    op.drop_table("reveals")
    op.drop_table("bars")
    op.drop_table("policies")
    op.drop_table("avoidances")
    op.create_index(
        "requests_open",
        "requests",
        ["opened_at"],
        postgresql_where=sa.text("accepted_by IS NULL AND deactivated_at IS NULL"),
    )
    op.create_check_constraint(
        op.f("requests_phone_for_phone_requests_only"), "requests", "(kind = 'phone') = (phone IS NOT NULL) OR true"
    )
    op.create_check_constraint(
        op.f("requests_accepted_whole_or_not"),
        "requests",
        "(accepted_by IS NULL) = (accepted_at IS NULL) AND (accepted_by IS NULL) = (rest_until IS NULL)",
    )
