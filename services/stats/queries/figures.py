"""What the counters say of a specialist now, what the journal says of what they said then, and what is behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import convert
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.stats import Figure, Metric
from services.stats.domain import METRICS, Benchmark, Cells, Counted, Figures, Window, Yardstick, bands, house
from services.stats.domain.figures import figures
from services.stats.queries.builds import Build, build_at

SUMS = ", ".join(f"sum({metric}) AS {metric}" for metric in METRICS)
ASKED = "generation = :generation AND specialist_id = :specialist_id AND day BETWEEN :first AND :last"
COUNTED = text(f"""
    SELECT width_bucket(day, CAST(:edges AS date[])) AS band, {SUMS} FROM counters WHERE {ASKED} GROUP BY 1
""")  # noqa: S608 - put together from the names above
KNOWN = text(f"""
    SELECT width_bucket(day, CAST(:edges AS date[])) AS band, {SUMS} FROM journal
    WHERE {ASKED} AND recorded_at <= :known_at GROUP BY 1
""")  # noqa: S608
BENCHMARK = text("""
    SELECT body FROM benchmarks WHERE published_at <= :moment AND number = coalesce(CAST(:number AS int), number)
    ORDER BY number DESC LIMIT 1
""")
# Which of an entity's counts put it into the explanation of a figure.
EXPLAINED: Mapping[Figure, tuple[Metric, ...]] = {
    "conversion": ("won", "lost", "excluded", "withdrawn", "released", "merged"),
    "effectiveness": ("contacts", "gained", "unviewed", "views"),
    "retention": ("kept", "gone", "refused"),
    "reviews": ("reviews", "annulled"),
    "reply_promise": ("in_time", "late", "unanswered", "forgiven"),
}
DECIDED = "(array_agg(decision_id ORDER BY recorded_at DESC, number DESC) FILTER (WHERE decision_id IS NOT NULL))[1]"
EXPLAIN = {
    figure: text(f"""
        SELECT day, entity_kind, entity_id, {SUMS}, {DECIDED} AS decision_id FROM journal
        WHERE {ASKED} AND recorded_at <= :known_at
            AND (CAST(:after_day AS date) IS NULL OR (day, entity_kind, entity_id)
                > (CAST(:after_day AS date), CAST(:after_kind AS text), CAST(:after_id AS uuid)))
        GROUP BY 1, 2, 3 HAVING {" OR ".join(f"sum({metric}) <> 0" for metric in metrics)} ORDER BY 1, 2, 3 LIMIT :most
    """)  # noqa: S608
    for figure, metrics in EXPLAINED.items()
}


@dataclass(frozen=True)
class Basis:
    """By what the figures known at a moment are counted and read; `past` if that moment is not the present."""

    build: Build
    by: Yardstick
    known_at: datetime
    past: bool


async def basis(
    tx: AsyncSession, *, known_at: datetime | None, now: datetime, as_of: date, number: int | None = None
) -> Basis:
    """The build and the benchmark that answered at a moment, or a certain benchmark; nobody knows the future."""
    past = known_at is not None and known_at < now
    moment = known_at if known_at is not None and past else now
    build = await build_at(tx, moment)
    body = await tx.scalar(BENCHMARK, {"moment": moment, "number": number})
    benchmark = house(build.policy, as_of) if body is None else convert(body, Benchmark)
    return Basis(build, Yardstick(benchmark, build.policy, as_of), moment, past)


async def counted(
    tx: AsyncSession, specialist_id: UUID, basis: Basis, windows: Mapping[Figure, Window]
) -> list[tuple[date, Cells]]:
    """What the days of the windows came to: by the counters, or by the journal as it stood then."""
    edges = bands(windows.values(), basis.by.as_of, basis.by.policy.longest_lag)
    asked = {
        "generation": basis.build.number, "specialist_id": specialist_id, "edges": edges,
        "first": edges[0], "last": max(window.last for window in windows.values()),
    }  # fmt: skip
    if basis.past:
        rows = await tx.execute(KNOWN, asked | {"known_at": basis.known_at})
    else:
        rows = await tx.execute(COUNTED, asked)
    return [(edges[row["band"] - 1], cells(row)) for row in rows.mappings()]


async def read_figures(
    tx: AsyncSession, specialist_id: UUID, basis: Basis, windows: Mapping[Figure, Window], *, also: Counted = ()
) -> Figures:
    """All figures of some windows; with `also`, as if that had been counted too."""
    return figures([*await counted(tx, specialist_id, basis, windows), *also], windows, basis.by)


def cells(row: RowMapping) -> Cells:
    """The counts of a row that are not nothing."""
    return {metric: int(row[metric]) for metric in METRICS if row[metric]}


async def explanation(
    tx: AsyncSession, figure: Figure, specialist_id: UUID, basis: Basis, window: Window,
    *, after: list[Any] | None, limit: int,
) -> Sequence[RowMapping]:  # fmt: skip
    """What each entity came to, as it was known; by day, so that the rows add up to the figure's inputs."""
    day, kind, id = (date.fromisoformat(after[0]), *after[1:]) if after else (None, None, None)
    asked = {
        "generation": basis.build.number, "specialist_id": specialist_id, "first": window.first, "last": window.last,
        "known_at": basis.known_at, "after_day": day, "after_kind": kind, "after_id": id, "most": limit,
    }  # fmt: skip
    return (await tx.execute(EXPLAIN[figure], asked)).mappings().all()
