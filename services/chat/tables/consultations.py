"""The free consultation that runs in a conversation, and the sessions that were held."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class ConsultationRow(Base):
    """The last free consultation of a conversation (B12); whether it still runs is a matter of the moment."""

    __tablename__ = "consultations"
    __table_args__ = (CheckConstraint("started_at < ends_at", name="ends_after_it_started"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    tenant: Mapped[str]
    specialist_id: Mapped[UUID] = mapped_column(comment="who offered it; whoever comes after them offers their own")
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class SessionRow(Base):
    """What intake said last of a session: one register per session, in which the greater version is the truth."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version_counts"),
        Index("sessions_held", "request_id", "specialist_id", postgresql_where=text("held")),
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID] = mapped_column(comment="the conversation's id, too, whether or not it is known here yet")
    specialist_id: Mapped[UUID]
    held: Mapped[bool]
    version: Mapped[int]
    at: Mapped[datetime]
