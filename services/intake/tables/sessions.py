"""Sessions of an engagement, and what both sides say of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.domain import Outcome
from services.intake.tables.base import Base


class SessionRow(Base):
    """A session; its outcome is a register whose greater version is the truth."""

    __tablename__ = "sessions"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    specialist_id: Mapped[UUID]
    number: Mapped[int]
    starts_at: Mapped[datetime]
    booked_at: Mapped[datetime]
    outcome: Mapped[Outcome | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (
        ForeignKeyConstraint(["request_id"], ["requests.id"]),
        UniqueConstraint("request_id", "number"),
        CheckConstraint("outcome IN ('held', 'void')", name="outcome_is_known"),
    )
