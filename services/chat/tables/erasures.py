"""What was erased, and whether everything outside the database has gone with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class ErasureRow(Base):
    """A conversation that somebody had erased. Its rows went with this one's coming; its key and objects follow."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("asked_by IN ('client', 'ops')", name="asked_by_is_known"),
        Index("erasures_incomplete", "at", postgresql_where=text("done_at IS NULL")),
    )

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    tenant: Mapped[str]
    asked_by: Mapped[str]
    at: Mapped[datetime]
    done_at: Mapped[datetime | None] = mapped_column(comment="when key and objects were gone")
