"""Pictures: what they were made from, where their sealed bytes lie, and in which message they were sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class AttachmentRow(Base):
    """A picture that one side added to a conversation; until it is sent it is that side's alone."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("conversation_id", "uploader_id", "upload_key", name="attachments_added_once"),
        UniqueConstraint("object_name", name="attachments_one_object"),
        CheckConstraint("octet_length(upload_key) = 32", name="upload_key_is_a_digest"),
        CheckConstraint("octet_length(original_sha256) = 32", name="original_sha256_is_a_digest"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256_is_a_digest"),
        CheckConstraint("original_size > 0 AND size > 0 AND width > 0 AND height > 0", name="is_a_picture"),
        CheckConstraint("seq >= 1", name="seq_counts"),
        Index("attachments_by_uploader", "tenant", "uploader_id", "at"),
        Index("attachments_unsent", "at", postgresql_where=text("seq IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    uploader_id: Mapped[UUID]
    upload_key: Mapped[bytes] = mapped_column(comment="SHA-256 of the Idempotency-Key: the same twice is one picture")
    object_name: Mapped[str] = mapped_column(comment="of its bytes, sealed with the conversation's key")
    original_size: Mapped[int]
    original_sha256: Mapped[bytes] = mapped_column(comment="of what was sent to us")
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(comment="of what we made of it, which is what its viewers see")
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[datetime]
    seq: Mapped[int | None] = mapped_column(comment="of the message that it was sent in")
