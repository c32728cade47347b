"""What one decision of support costs, from its event to the changed figure, however long the history is.

Without the algebra one would recompute. So beside it DuckDB and PostgreSQL recompute conversions from raw events, of
everybody and of the one specialist.
"""

import csv
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import duckdb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from bench.figures import Contest, Ground, Line, Run, Sample
from bench.history import TENANT, History, as_heard
from bench.meter import stopwatch
from bench.projector import database_of, emptied
from libs.bus.consumers import Subscriber, subscriber
from libs.bus.ids import uuid7
from libs.bus.testing import enveloped
from libs.events import Envelope, Event
from libs.events.intake import RequestAccepted, SessionHeld, SessionVoided
from libs.events.support import ExclusionDecided
from libs.kit import clock
from services.stats import queries, service
from services.stats.consumers import FiguresProjection
from services.stats.domain import utc_day, windows

SIZES = (10_000, 100_000, 1_000_000)
EACH = 5.9  # events of a request
DECISIONS, RECOMPUTES, FLAT, BATCH = 300, 5, 1.5, 20_000
TABLE = """
    CREATE TABLE events (id uuid, said text, request_id uuid, specialist_id uuid, session_id uuid, moment timestamp,
        version int, yes boolean)
"""
RECOMPUTE = """
    WITH mine AS (SELECT * FROM events {which}),
    opened AS (
        SELECT request_id, specialist_id, min(moment) AS moment FROM mine WHERE said = 'RequestAccepted' GROUP BY 1, 2),
    session AS (
        SELECT request_id, said, row_number() OVER (PARTITION BY session_id ORDER BY version DESC, id DESC) AS place
        FROM mine WHERE session_id IS NOT NULL),
    ruling AS (
        SELECT request_id, yes, row_number() OVER (PARTITION BY request_id ORDER BY version DESC, id DESC) AS place
        FROM mine WHERE said = 'ExclusionDecided'),
    won AS (SELECT DISTINCT request_id, true AS won FROM session WHERE place = 1 AND said = 'SessionHeld'),
    struck AS (SELECT request_id, true AS struck FROM ruling WHERE place = 1 AND yes)
    SELECT specialist_id, CAST(moment AS date) AS day, count(*) FILTER (WHERE won AND struck IS NULL) AS won,
        count(*) FILTER (WHERE won IS NULL AND struck IS NULL) AS lost, count(*) FILTER (WHERE struck) AS excluded
    FROM opened LEFT JOIN won USING (request_id) LEFT JOIN struck USING (request_id) GROUP BY 1, 2
"""
EVERYBODY, ONE = RECOMPUTE.format(which=""), RECOMPUTE.format(which="WHERE specialist_id = '{id}'")


@dataclass
class Told:
    """A history that has been told to all contestants."""

    engine: AsyncEngine
    hearing: Subscriber
    duck: duckdb.DuckDBPyConnection
    requests: list[tuple[UUID, UUID]]


@asynccontextmanager
async def exclusion(ground: Ground) -> AsyncIterator[Contest]:
    """Three histories, each ten times as long as the one before."""
    engine = await database_of(ground)
    sizes = SIZES[:2] if ground.quick else SIZES
    spent: dict[str, list[float]] = {}
    try:
        yield Contest({f"{size:,} events": once(engine, size, spent) for size in sizes}, lambda _: lines(sizes, spent))
    finally:
        await engine.dispose()


def once(engine: AsyncEngine, size: int, spent: dict[str, list[float]]) -> Run:
    """Tell a history to all, which takes its time and is not measured, and let each do its work."""

    async def run() -> Sample:
        told = await tell(engine, size)
        chance = random.Random(size)
        chosen = chance.sample(told.requests, DECISIONS)
        with stopwatch() as watch:
            ours = [await decide(told, *request) for request in chosen]
        spent.setdefault(f"ours {size}", []).extend(ours)
        one = ONE.format(id=chosen[0][1])
        for name, recompute in (("duckdb", in_duckdb(told)), ("postgresql", in_postgresql(told))):
            for which, statement in (("everybody", EVERYBODY), ("one", one)):
                taken = [await timed(recompute, statement) for _ in range(RECOMPUTES)]
                spent.setdefault(f"{name} {which} {size}", []).extend(taken)
        told.duck.close()
        return watch.sample(DECISIONS)

    return run


async def tell(engine: AsyncEngine, size: int) -> Told:
    """To the projection batch by batch, and to the others as rows."""
    await emptied(engine, service.metadata)
    events, hearing = as_heard(History(round(size / EACH))), subscriber(FiguresProjection(1))
    for at in range(0, len(events), BATCH):
        async with async_sessionmaker(engine).begin() as tx:
            await hearing.take(tx, [it for it in events[at : at + BATCH] if type(it.data) in hearing.events])
    rows = [row for event in events if (row := as_row(event.id, event.data))]
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE IF EXISTS events"))
        await connection.execute(text(TABLE))
        await connection.execute(text("CREATE INDEX ON events (specialist_id)"))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table("events", records=rows)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))
    opened = [it.data for it in events if isinstance(it.data, RequestAccepted)]
    return Told(engine, hearing, in_columns(rows), [(it.request_id, it.specialist_id) for it in opened])


def as_row(event_id: UUID, said: Event) -> tuple[Any, ...] | None:
    """What conversion needs of an event."""
    if not isinstance(said, RequestAccepted | SessionHeld | SessionVoided | ExclusionDecided):
        return None
    session_id, version = getattr(said, "session_id", None), getattr(said, "version", 0)
    yes = getattr(said, "excluded", None)
    moment = said.at.replace(tzinfo=None)
    return event_id, type(said).__name__, said.request_id, said.specialist_id, session_id, moment, version, yes


def in_columns(rows: Iterable[Sequence[Any]]) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that has the rows."""
    duck = duckdb.connect()
    duck.execute(TABLE)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        csv.writer(file).writerows(rows)
        file.flush()
        duck.execute(f"COPY events FROM '{file.name}' (HEADER false)")
    return duck


async def decide(told: Told, request_id: UUID, specialist_id: UUID) -> float:
    """Seconds from a decision to a figure that has heard of it."""
    envelope: Envelope = enveloped(
        ExclusionDecided(
            tenant=TENANT, at=clock.now(), request_id=request_id, specialist_id=specialist_id, ticket_id=uuid7(),
            decision_id=uuid7(), version=9, excluded=True, ground="spam",
        )
    )  # fmt: skip
    sessions, began = async_sessionmaker(told.engine), time.perf_counter()
    async with sessions.begin() as tx:
        await told.hearing.take(tx, [envelope])
    async with sessions.begin() as tx:
        await tx.execute(text("SELECT set_config('app.tenant', :tenant, true)"), {"tenant": TENANT})
        now = clock.now()
        basis = await queries.basis(tx, known_at=None, now=now, as_of=utc_day(now))
        await queries.read_figures(tx, specialist_id, basis, windows(basis.by.policy, basis.by.as_of))
    return time.perf_counter() - began


def in_duckdb(told: Told) -> Callable[[str], Awaitable[object]]:
    """As DuckDB recomputes."""

    async def recompute(statement: str) -> object:
        return told.duck.execute(statement).fetchall()

    return recompute


def in_postgresql(told: Told) -> Callable[[str], Awaitable[object]]:
    """As PostgreSQL recomputes."""

    async def recompute(statement: str) -> object:
        async with told.engine.connect() as connection:
            return (await connection.execute(text(statement))).all()

    return recompute


async def timed(recompute: Callable[[str], Awaitable[object]], statement: str) -> float:
    """Seconds of one recomputation, its answer fetched."""
    began = time.perf_counter()
    await recompute(statement)
    return time.perf_counter() - began


def lines(sizes: Sequence[int], spent: dict[str, list[float]]) -> list[Line]:
    """p50 and p99 of ours beside the median recomputation, and whether ours stays flat."""
    found, p50 = [], {size: 1e3 * median(spent[f"ours {size}"]) for size in sizes}
    for size in sizes:
        p99 = 1e3 * quantiles(spent[f"ours {size}"], n=100)[98]
        for name in ("duckdb everybody", "duckdb one", "postgresql everybody", "postgresql one"):
            theirs = 1e3 * median(spent[f"{name} {size}"])
            found.append(
                Line(
                    f"exclusion, {size:,} events, ms p50 / p99", f"{p50[size]:.1f} / {p99:.1f}",
                    f"recomputed: {name} {theirs:.1f}", f"{p50[size] / theirs:.3f}",
                )
            )  # fmt: skip
    grown = p50[sizes[-1]] / p50[sizes[0]]
    found.append(
        Line(
            f"exclusion, p50 from {sizes[0]:,} to {sizes[-1]:,} events", "", "", f"{grown:.2f}", f"≤ {FLAT}",
            grown <= FLAT,
        )
    )  # fmt: skip
    return found
