"""What stats keeps: the registers of every engagement, the journal of every change, and the counters it adds up to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.kit.sql import ServiceTables

# Rows that are written again and again find room on their own page, so that no index has to follow them.
HOT = {"postgresql_with": {"fillfactor": 75}}


class Base(ServiceTables, DeclarativeBase):
    """The schema of stats."""


class SessionRow(Base):
    """The register of one session. What it was before the last write tells that write what it changed."""

    __tablename__ = "sessions"
    __table_args__ = HOT

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[UUID]
    held: Mapped[bool]
    prev_held: Mapped[bool] = mapped_column(server_default=text("false"))


class EngagementRow(Base):
    """The state of one engagement: its opening, how many of its sessions are held now, and what support ruled."""

    __tablename__ = "engagements"
    __table_args__ = (Index("engagements_by_opening", "specialist_id", "opened_at", "request_id"), HOT)

    request_id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime | None]
    opened_event_id: Mapped[UUID | None]
    one_off: Mapped[bool | None]
    held: Mapped[int]
    # "struck", because inside ON CONFLICT the word "excluded" is taken.
    struck: Mapped[bool]
    ruling_version: Mapped[int] = mapped_column(BigInteger)
    ruling_event_id: Mapped[UUID | None]
    decision_id: Mapped[UUID | None]
    prev_opened_at: Mapped[datetime | None]
    prev_held: Mapped[int] = mapped_column(server_default=text("0"))
    prev_struck: Mapped[bool] = mapped_column(server_default=text("false"))


class JournalRow(Base):
    """One change of one counter, with its cause; never altered. The counters are its sum at every moment."""

    __tablename__ = "journal"

    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant: Mapped[str]
    request_id: Mapped[UUID]
    day: Mapped[date]
    metric: Mapped[str]
    delta: Mapped[int]
    event_id: Mapped[UUID]
    decision_id: Mapped[UUID | None]


class CounterRow(Base):
    """How many engagements of one specialist and one cohort day stand so."""

    __tablename__ = "counters"
    __table_args__ = HOT

    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
