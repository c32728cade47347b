"""Rows: requests and their race, specialists and their wait, the feed's log, sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Sequence,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.events.intake import Category, Kind, Locale
from libs.kit.sql import ServiceTables
from services.intake.domain import Outcome


class Base(ServiceTables, DeclarativeBase):
    """Intake's schema."""


class RequestRow(Base):
    """A request for help. The row is the referee of its race: whose name is in it has won."""

    __tablename__ = "requests"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity(), comment="what people call it")
    client_id: Mapped[UUID]
    kind: Mapped[Kind] = mapped_column(Text)
    category: Mapped[Category] = mapped_column(Text)
    locale: Mapped[Locale] = mapped_column(Text)
    one_off: Mapped[bool]
    phone: Mapped[str | None] = mapped_column(comment="E.164; for the winner alone, by one route")
    opened_at: Mapped[datetime]
    reply_due: Mapped[datetime]
    presses: Mapped[int] = mapped_column(server_default="0", comment="presses on Accept; numbers the receipts")
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None]
    rest_until: Mapped[datetime | None] = mapped_column(comment="the wait that this accept earned its winner")
    deactivated_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('chat', 'phone')", name="kind_is_known"),
        CheckConstraint("(kind = 'phone') = (phone IS NOT NULL)", name="phone_for_phone_requests_only"),
        CheckConstraint(
            "(accepted_by IS NULL) = (accepted_at IS NULL) AND (accepted_by IS NULL) = (rest_until IS NULL)",
            name="accepted_whole_or_not",
        ),
        Index(
            "requests_open",
            "opened_at",
            postgresql_where=text("accepted_by IS NULL AND deactivated_at IS NULL"),
        ),
    )


class SpecialistRow(Base):
    """A specialist who takes requests; locked by each of their accepts, so that two cannot overlap."""

    __tablename__ = "specialists"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    joined_at: Mapped[datetime]
    ready_at: Mapped[datetime | None] = mapped_column(comment="an absolute instant, whatever the rules become (D4)")
    resting_after: Mapped[UUID | None] = mapped_column(comment="the request whose accept began the wait")


class PressRow(Base):
    """A press on Accept that was answered, kept so that its retry is answered alike (D7)."""

    __tablename__ = "presses"
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[UUID]
    place: Mapped[int]
    margin_ms: Mapped[int] = mapped_column(BigInteger)
    accepted_at: Mapped[datetime] = mapped_column(comment="the winner's")


FEED_POSITIONS = Sequence("feed_positions", metadata=Base.metadata)


class FeedEntryRow(Base):
    """Something that the feed shows. It is numbered only after its transaction, so that numbers follow commits."""

    __tablename__ = "feed_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    gone: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("position"),
        Index("feed_log_unnumbered", "id", postgresql_where=text("position IS NULL")),
    )


class FeedTicketRow(Base):
    """A right to open the feed once, within half a minute."""

    __tablename__ = "feed_tickets"
    digest: Mapped[bytes] = mapped_column(primary_key=True, comment="of the ticket; the ticket itself is nowhere")
    tenant: Mapped[str]
    specialist_id: Mapped[UUID]
    expires_at: Mapped[datetime]


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
