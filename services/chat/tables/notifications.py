"""Who is to be told of what, where, and by which links they come."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.events.chat import Side
from libs.kit.couriers import Kind
from services.chat.domain.notifications import Locale, MutedBy
from services.chat.tables.base import Base

State = Literal["waiting", "handed", "sent", "dropped", "given_up"]
_SIDES = "side IN ('client', 'specialist', 'clinic')"


class AddressRow(Base):
    """Where somebody wants to be told; sealed to this person, so that no other row can be given it."""

    __tablename__ = "addresses"
    __table_args__ = (
        CheckConstraint("num_nonnulls(phone, mail) > 0", name="reach_somebody"),
        CheckConstraint("locale IN ('uk', 'ru', 'bg', 'en')", name="locale_is_known"),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone: Mapped[bytes | None] = mapped_column(comment="sealed")
    mail: Mapped[bytes | None] = mapped_column(comment="sealed")
    locale: Mapped[Locale] = mapped_column(Text)
    at: Mapped[datetime]


class AttentionRow(Base):
    """What somebody has done about a conversation since they were last told of it; the one row that decides (D9)."""

    __tablename__ = "attentions"
    __table_args__ = (
        CheckConstraint(_SIDES, name="side_is_known"),
        CheckConstraint("ignored >= 0 AND seen_seq >= 0", name="counts_are_counts"),
        CheckConstraint("muted_by IN ('ignored', 'choice')", name="muted_by_is_known"),
        CheckConstraint("num_nulls(muted_at, muted_by) IN (0, 2)", name="muted_whole_or_not"),
        Index("attentions_of_person", "person_id"),
    )

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    side: Mapped[Side] = mapped_column(Text)
    seen_seq: Mapped[int] = mapped_column(server_default="0", comment="read, or answered, until here")
    run: Mapped[int] = mapped_column(server_default="0", comment="one more with each read or reply")
    ignored: Mapped[int] = mapped_column(server_default="0", comment="notifications handed over in this run")
    told_at: Mapped[datetime | None] = mapped_column(comment="the last one in this run")
    muted_at: Mapped[datetime | None]
    muted_by: Mapped[MutedBy | None] = mapped_column(Text)


class NotificationRow(Base):
    """Somebody is to be told that there is something to read; its id is what makes a repeat the same."""

    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation_id", "person_id"], ["attentions.conversation_id", "attentions.person_id"],
            name="notifications_to_somebody_known",
        ),
        CheckConstraint(_SIDES, name="side_is_known"),
        CheckConstraint("state IN ('waiting', 'handed', 'sent', 'dropped', 'given_up')", name="state_is_known"),
        CheckConstraint("(look_at IS NULL) = (done_at IS NOT NULL)", name="looked_at_until_done"),
        Index(
            "notifications_one_waiting", "conversation_id", "person_id", unique=True,
            postgresql_where=text("side = 'client' AND state = 'waiting'"),
        ),
        Index("notifications_of_person", "conversation_id", "person_id"),
        Index("notifications_to_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index("notifications_done", "done_at", postgresql_where=text("done_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    conversation_id: Mapped[UUID]
    person_id: Mapped[UUID]
    side: Mapped[Side] = mapped_column(Text)
    seq: Mapped[int] = mapped_column(comment="the newest message that it tells of")
    state: Mapped[State] = mapped_column(Text)
    kind: Mapped[Kind | None] = mapped_column(Text, comment="by which courier, once that was decided")
    run: Mapped[int | None] = mapped_column(comment="in which it counts as ignored until somebody reads")
    attempts: Mapped[int] = mapped_column(server_default="0")
    look_at: Mapped[datetime | None] = mapped_column(comment="when it is next looked at; as a lease while handed over")
    why: Mapped[str | None] = mapped_column(comment="it was dropped, or failed the last time")
    planned_at: Mapped[datetime]
    handed_at: Mapped[datetime | None] = mapped_column(comment="for the first time")
    done_at: Mapped[datetime | None]


class EntryRow(Base):
    """A link that opens one conversation once, for its client; of its token only the digest is kept."""

    __tablename__ = "entries"
    __table_args__ = (Index("entries_of_person", "person_id", "conversation_id"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    person_id: Mapped[UUID]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class GuestRow(Base):
    """Who came by a link, for a while; of their secret only the digest is kept."""

    __tablename__ = "guests"
    __table_args__ = (Index("guests_of_person", "person_id", "conversation_id"),)

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    person_id: Mapped[UUID]
    expires_at: Mapped[datetime] = mapped_column(index=True)
