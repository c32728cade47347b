"""Reviews that a talk may be opened on, who writes for a clinic, and what became of the problem."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class ReviewRow(Base):
    """A review, as far as one may talk about it; the greatest version is the truth."""

    __tablename__ = "reviews"
    __table_args__ = (Index("reviews_of_client", "client_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    specialist_id: Mapped[UUID]
    client_id: Mapped[UUID | None] = mapped_column(comment="the author, where the partner says who")
    clinic_id: Mapped[UUID | None]
    version: Mapped[int]


class RepresentativeRow(Base):
    """Who writes to patients for an account, sealed."""

    __tablename__ = "representatives"

    tenant: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    told: Mapped[bytes] = mapped_column(comment="name, position and organisation, sealed")
    at: Mapped[datetime]


class SolutionRow(Base):
    """What the author of a review last said of its problem."""

    __tablename__ = "solutions"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    tenant: Mapped[str]
    version: Mapped[int]
    solved_at: Mapped[datetime | None]
