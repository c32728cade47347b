"""Templates, consultations and house rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.kit.sql import tenant_policies

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "changes", postgresql.JSONB(), nullable=False, comment="by group and name; what is not here is the default"
        ),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", name=op.f("policies_pk")),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="with variables, such as {name}; never filled in"),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("templates_version_counts")),
        sa.CheckConstraint("char_length(text) BETWEEN 1 AND 2000", name=op.f("templates_text_is_bounded")),
        sa.PrimaryKeyConstraint("id", name=op.f("templates_pk")),
        sa.UniqueConstraint("tenant", "purpose", "locale", "version", name="templates_one_text_per_version"),
    )
    op.create_table(
        "consultations",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "specialist_id", sa.Uuid(), nullable=False,
            comment="who offered it; whoever comes after them offers their own",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("started_at < ends_at", name=op.f("consultations_ends_after_it_started")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("consultations_conversation_id_known")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("consultations_pk")),
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column(
            "request_id", sa.Uuid(), nullable=False,
            comment="the conversation's id, too, whether or not it is known here yet",
        ),
        sa.Column("specialist_id", sa.Uuid(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("sessions_version_counts")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("sessions_pk")),
    )
    op.create_index(
        "sessions_held", "sessions", ["request_id", "specialist_id"], postgresql_where=sa.text("held")
    )
    tenant_policies("policies", "templates", "consultations", "sessions")


def downgrade() -> None:
    for table in ("sessions", "consultations", "templates", "policies"):
        op.drop_table(table)
