"""Profiles, duty and readiness."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.kit.sql import tenant_policies

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verticals", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column(
            "prices", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False, comment="by region (B20)"
        ),
        sa.Column(
            "messengers",
            postgresql.JSONB(),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="logins, for own clients where the house allows it (D3)",
        ),
        sa.Column("payment", sa.Text(), nullable=True, comment="how to pay, for own clients (B18)"),
        sa.CheckConstraint("version >= 1", name=op.f("profiles_version_counts")),
        sa.ForeignKeyConstraint(
            ["specialist_id", "tenant"],
            ["specialists.id", "specialists.tenant"],
            name=op.f("profiles_specialist_id_tenant_known"),
        ),
        sa.PrimaryKeyConstraint("specialist_id", "tenant", name=op.f("profiles_pk")),
    )
    op.create_table(
        "measures",
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "round_trips",
            sa.ARRAY(sa.BigInteger()),
            server_default="{}",
            nullable=False,
            comment="microseconds, the newest first (D15)",
        ),
        sa.Column(
            "pinged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the newest ping left; an older echo counts no more",
        ),
        sa.Column("push_id", sa.Uuid(), nullable=True, comment="the last test of notifications (B7)"),
        sa.Column("push_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("push_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nulls(push_id, push_out_at) IN (0, 2)", name=op.f("measures_push_whole_or_not")),
        sa.CheckConstraint("push_received_at >= push_out_at", name=op.f("measures_push_arrives_after_it_left")),
        sa.ForeignKeyConstraint(
            ["specialist_id", "tenant"],
            ["specialists.id", "specialists.tenant"],
            name=op.f("measures_specialist_id_tenant_known"),
        ),
        sa.PrimaryKeyConstraint("specialist_id", "tenant", name=op.f("measures_pk")),
    )
    op.create_index("requests_by_arrival", "requests", ["tenant", "opened_at"])
    tenant_policies("profiles", "measures")


def downgrade() -> None:
    op.drop_index("requests_by_arrival", table_name="requests")
    op.drop_table("measures")
    op.drop_table("profiles")
