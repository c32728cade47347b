"""Conversations, their messages, and how far each side has read."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class ConversationRow(Base):
    """The talk of a client and their counterpart; `last_seq` is the one counter that orders it."""

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("purpose IN ('request', 'solve', 'thank')", name="purpose_is_known"),
        CheckConstraint("privacy_mode IN ('sealed', 'observed')", name="privacy_mode_is_known"),
        CheckConstraint("purpose <> 'request' OR privacy_mode = 'sealed'", name="requests_are_sealed"),
        CheckConstraint("(purpose = 'request') = (review_id IS NULL)", name="reviews_are_named"),
        CheckConstraint("counterpart_side IN ('specialist', 'clinic')", name="counterpart_side_is_known"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by_somebody"),
        CheckConstraint("0 <= since_seq AND since_seq <= last_seq", name="since_seq_has_passed"),
        Index("conversations_of_client", "client_id", "opened_at", "id"),
        Index("conversations_of_counterpart", "counterpart_id", "opened_at", "id"),
        Index("conversations_one_review", "tenant", "review_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="the request's, where there is one")
    tenant: Mapped[str]
    purpose: Mapped[str]
    privacy_mode: Mapped[str] = mapped_column(comment="fixed for life")
    client_id: Mapped[UUID]
    counterpart_id: Mapped[UUID] = mapped_column(
        comment="whoever accepted the request last, or opened the talk; unless released, the only other one who reads"
    )
    counterpart_side: Mapped[str]
    specialist_id: Mapped[UUID] = mapped_column(comment="whom it is with, or about")
    review_id: Mapped[UUID | None]
    opened_at: Mapped[datetime] = mapped_column(comment="with this counterpart")
    released_at: Mapped[datetime | None] = mapped_column(
        comment="when this counterpart lost it; accepting it undoes that"
    )
    released_seq: Mapped[int | None] = mapped_column(comment="what was said until then is not for whoever comes next")
    since_seq: Mapped[int] = mapped_column(comment="what came before is between the client and a former counterpart")
    last_seq: Mapped[int]
    first_reply_seq: Mapped[int | None] = mapped_column(
        comment="the specialist's first words to the client of a request (B11)"
    )
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(comment="a side, or the house")
    erased_at: Mapped[datetime | None]


class MessageRow(Base):
    """What one side wrote: ciphertext, and the sender's commitment to what it says."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "sender_id", "client_message_id", name="messages_sent_once"),
        CheckConstraint("form IN ('text', 'card', 'opaque')", name="form_is_known"),
        CheckConstraint("octet_length(body) BETWEEN 1 AND 24576", name="body_is_bounded"),
        CheckConstraint("octet_length(commitment) = 32", name="commitment_is_a_digest"),
        Index("messages_cards", "sender_id", postgresql_where=text("form = 'card'")),
    )

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    side: Mapped[str]
    sender_id: Mapped[UUID]
    client_message_id: Mapped[UUID] = mapped_column(comment="the sender's program's own; the same twice is one message")
    form: Mapped[str]
    body: Mapped[bytes] = mapped_column(comment="sealed with the conversation's key")
    commitment: Mapped[bytes] = mapped_column(comment="what the sender can be held to, without its words")
    stamp: Mapped[bytes] = mapped_column(comment="our word on commitment, side, place and time")
    attachments: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    at: Mapped[datetime]


class ReadPositionRow(Base):
    """How far somebody has read; it only grows."""

    __tablename__ = "read_positions"
    __table_args__ = (Index("read_positions_of_reader", "reader_id"),)

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    reader_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    side: Mapped[str]
    seq: Mapped[int]
    at: Mapped[datetime]


class LiveTicketRow(Base):
    """A right to open a live connection once; of its secret only the digest is kept."""

    __tablename__ = "live_tickets"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    conversation_id: Mapped[UUID]
    reader_id: Mapped[UUID]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    stay: Mapped[bytes | None] = mapped_column(comment="of a guest: the connection ends with it")
    expires_at: Mapped[datetime] = mapped_column(index=True)
