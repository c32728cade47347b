"""Conversations and their messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.kit.sql import ServiceTables


class Base(ServiceTables, DeclarativeBase):
    """Chat's schema."""


class ConversationRow(Base):
    """The talk that belongs to a request; `last_seq` is the one counter that orders it."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("privacy_mode = 'sealed'", name="privacy_mode_is_sealed"),
        CheckConstraint("0 <= since_seq AND since_seq <= last_seq", name="since_seq_has_passed"),
        Index("conversations_of_client", "client_id", "accepted_at", "id"),
        Index("conversations_of_specialist", "specialist_id", "accepted_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="the request's")
    tenant: Mapped[str]
    privacy_mode: Mapped[str]
    client_id: Mapped[UUID]
    specialist_id: Mapped[UUID] = mapped_column(
        comment="whoever accepted the request last; unless released, the only one who may read"
    )
    accepted_at: Mapped[datetime] = mapped_column(comment="by this specialist")
    released_at: Mapped[datetime | None] = mapped_column(
        comment="when this specialist lost it; accepting it undoes that"
    )
    since_seq: Mapped[int] = mapped_column(comment="what came before is between the client and a former specialist")
    last_seq: Mapped[int]
    first_reply_seq: Mapped[int | None] = mapped_column(comment="the first message since this acceptance")


class MessageRow(Base):
    """What one side wrote: bytes that nothing but the two sides' own programs has to understand."""

    __tablename__ = "messages"
    __table_args__ = (CheckConstraint("octet_length(body) BETWEEN 1 AND 24576", name="body_is_bounded"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    side: Mapped[str]
    sender_id: Mapped[UUID]
    body: Mapped[bytes]
    at: Mapped[datetime]
