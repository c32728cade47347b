"""What stats keeps: states, the journal of every change, the counters it adds up to, and what figures are read by."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.kit.sql import ServiceTables
from services.stats.domain import METRICS

# Rows that are written again and again find room on their own page, so that no index has to follow them.
HOT = {"postgresql_with": {"fillfactor": 75}}


class Base(ServiceTables, DeclarativeBase):
    """The schema of stats."""


class StateRow(Base):
    """The registers of one engagement, review or view gauge, as they joined; its day is null until it is known."""

    __tablename__ = "states"
    __table_args__ = (
        Index("states_by_day", "generation", "tenant", "kind", "day", postgresql_where=text("day IS NOT NULL")),
        HOT,
    )

    generation: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date | None]
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)


class JournalRow(Base):
    """What one event changed in one day's counters; never altered. The counters are its sum at every moment."""

    __tablename__ = "journal"

    generation: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    tenant: Mapped[str]
    entity_kind: Mapped[str]
    entity_id: Mapped[UUID]
    day: Mapped[date]
    event_id: Mapped[UUID]
    decision_id: Mapped[UUID | None]


class CounterRow(Base):
    """What one specialist's cohort day has come to."""

    __tablename__ = "counters"
    __table_args__ = HOT

    generation: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)


for metric in METRICS:
    setattr(CounterRow, metric, mapped_column(metric, Integer, nullable=False))
    setattr(JournalRow, metric, mapped_column(metric, Integer, nullable=True))


class PolicyRow(Base):
    """A version of the house's choices after the first, which is in the code; never altered."""

    __tablename__ = "policies"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime]


class GenerationRow(Base):
    """One build of the projection. Until there is a row, generation 1 of policy 1 is the live one."""

    __tablename__ = "generations"
    __table_args__ = (
        Index("generations_one_live", text("(live_until IS NULL)"), unique=True,
              postgresql_where=text("live_from IS NOT NULL AND live_until IS NULL")),
        Index("generations_one_building", text("(live_from IS NULL)"), unique=True,
              postgresql_where=text("live_from IS NULL AND live_until IS NULL")),
    )  # fmt: skip

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    policy_version: Mapped[int]
    accept_differences: Mapped[bool]
    started_at: Mapped[datetime]
    live_from: Mapped[datetime | None]
    live_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class BenchmarkRow(Base):
    """What a tenant's figures are compared with from a moment on; never altered."""

    __tablename__ = "benchmarks"
    __table_args__ = (Index("benchmarks_one_id", "id", unique=True),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    as_of: Mapped[date]
    published_at: Mapped[datetime]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)


class StatusRow(Base):
    """What a month made of a specialist, as it was judged last."""

    __tablename__ = "statuses"

    specialist_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    overall: Mapped[float]
    zones: Mapped[dict[str, str | None]] = mapped_column(JSONB)
    policy_version: Mapped[int]
    benchmark_number: Mapped[int]
    judged_at: Mapped[datetime]
