"""Notifications, addresses and links."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SIDES = "side IN ('client', 'specialist', 'clinic')"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "addresses",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True, comment="sealed"),
        sa.Column("mail", sa.LargeBinary(), nullable=True, comment="sealed"),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("num_nonnulls(phone, mail) > 0", name=op.f("addresses_reach_somebody")),
        sa.CheckConstraint("locale IN ('uk', 'ru', 'bg', 'en')", name=op.f("addresses_locale_is_known")),
        sa.PrimaryKeyConstraint("tenant", "person_id", name=op.f("addresses_pk")),
    )
    op.create_table(
        "attentions",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column(
            "seen_seq", sa.Integer(), server_default="0", nullable=False, comment="read, or answered, until here"
        ),
        sa.Column("run", sa.Integer(), server_default="0", nullable=False, comment="one more with each read or reply"),
        sa.Column(
            "ignored", sa.Integer(), server_default="0", nullable=False,
            comment="notifications handed over in this run",
        ),
        sa.Column("told_at", MOMENT, nullable=True, comment="the last one in this run"),
        sa.Column("muted_at", MOMENT, nullable=True),
        sa.Column("muted_by", sa.Text(), nullable=True),
        sa.CheckConstraint(SIDES, name=op.f("attentions_side_is_known")),
        sa.CheckConstraint("ignored >= 0 AND seen_seq >= 0", name=op.f("attentions_counts_are_counts")),
        sa.CheckConstraint("muted_by IN ('ignored', 'choice')", name=op.f("attentions_muted_by_is_known")),
        sa.CheckConstraint("num_nulls(muted_at, muted_by) IN (0, 2)", name=op.f("attentions_muted_whole_or_not")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("attentions_conversation_id_known")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "person_id", name=op.f("attentions_pk")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the newest message that it tells of"),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True, comment="by which courier, once that was decided"),
        sa.Column(
            "run", sa.Integer(), nullable=True, comment="in which it counts as ignored until somebody reads"
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "look_at", MOMENT, nullable=True, comment="when it is next looked at; as a lease while handed over"
        ),
        sa.Column("why", sa.Text(), nullable=True, comment="it was dropped, or failed the last time"),
        sa.Column("planned_at", MOMENT, nullable=False),
        sa.Column("handed_at", MOMENT, nullable=True, comment="for the first time"),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.CheckConstraint(SIDES, name=op.f("notifications_side_is_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'handed', 'sent', 'dropped', 'given_up')", name=op.f("notifications_state_is_known")
        ),
        sa.CheckConstraint(
            "(look_at IS NULL) = (done_at IS NOT NULL)", name=op.f("notifications_looked_at_until_done")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "person_id"], ["attentions.conversation_id", "attentions.person_id"],
            name="notifications_to_somebody_known",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("notifications_pk")),
    )
    op.create_index(
        "notifications_one_waiting", "notifications", ["conversation_id", "person_id"], unique=True,
        postgresql_where=sa.text("side = 'client' AND state = 'waiting'"),
    )
    op.create_index("notifications_of_person", "notifications", ["conversation_id", "person_id"])
    op.create_index(
        "notifications_to_look_at", "notifications", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL")
    )
    op.create_index(
        "notifications_done", "notifications", ["done_at"], postgresql_where=sa.text("done_at IS NOT NULL")
    )
    op.create_table(
        "entries",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("entries_conversation_id_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("entries_pk")),
    )
    op.create_table(
        "guests",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("guests_conversation_id_known")),
        sa.PrimaryKeyConstraint("digest", name=op.f("guests_pk")),
    )
    for table in ("entries", "guests"):
        op.create_index(f"{table}_of_person", table, ["person_id", "conversation_id"])
        op.create_index(op.f(f"{table}_by_expires_at"), table, ["expires_at"])
    tenant_policies("addresses", "attentions", "notifications", "entries", "guests")


def downgrade() -> None:
    for table in ("guests", "entries", "notifications", "attentions", "addresses"):
        op.drop_table(table)
