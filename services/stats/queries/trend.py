"""A figure over time, twice: as the facts known now make it, and as it was shown at each day's end."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.stats import Figure
from services.stats.domain import Cells, Counted, Estimate, Yardstick, windows
from services.stats.domain.figures import estimate
from services.stats.queries.builds import build_at
from services.stats.queries.figures import SUMS, Basis, basis, cells

NOW = text(f"""
    SELECT day, {SUMS} FROM counters
    WHERE generation = :generation AND specialist_id = :specialist_id AND day BETWEEN :first AND :last GROUP BY day
""")  # noqa: S608 - put together from the names of the metrics
# A line of the journal was known at the end of the first day asked for that did not end before it, and ever after.
THEN = text(f"""
    SELECT day, width_bucket(recorded_at - interval '1 microsecond', CAST(:moments AS timestamptz[])) AS since, {SUMS}
    FROM journal WHERE generation = :generation AND specialist_id = :specialist_id AND day BETWEEN :first AND :last
    GROUP BY 1, 2
""")  # noqa: S608


@dataclass(frozen=True)
class Point:
    """A figure as of one day."""

    as_of: date
    now: Estimate
    shown: Estimate | None


async def trend(
    tx: AsyncSession, specialist_id: UUID, figure: Figure, days: Sequence[date], *, now: datetime
) -> list[Point]:
    """The figure as of each of some days, in their order; what was shown is by the build and benchmark of then."""
    present = await basis(tx, known_at=None, now=now, as_of=days[-1])
    known = await _days(tx, specialist_id, present, figure, days)
    shown = await _shown(tx, specialist_id, figure, days, now=now)
    return [
        Point(day, _estimate(figure, known, Yardstick(present.by.benchmark, present.by.policy, day)), shown.get(day))
        for day in days
    ]


def _estimate(figure: Figure, counted: Counted, by: Yardstick) -> Estimate:
    return estimate(figure, counted, windows(by.policy, by.as_of)[figure], by)


def _span(basis: Basis, figure: Figure, days: Sequence[date]) -> dict[str, date]:
    return {"first": windows(basis.by.policy, days[0])[figure].first, "last": days[-1]}


async def _days(
    tx: AsyncSession, specialist_id: UUID, basis: Basis, figure: Figure, days: Sequence[date]
) -> list[tuple[date, Cells]]:
    asked = {"generation": basis.build.number, "specialist_id": specialist_id, **_span(basis, figure, days)}
    return [(row["day"], cells(row)) for row in (await tx.execute(NOW, asked)).mappings()]


async def _shown(
    tx: AsyncSession, specialist_id: UUID, figure: Figure, days: Sequence[date], *, now: datetime
) -> dict[date, Estimate]:
    """By day; days on which nothing was known yet, and such as are not over, are left out."""
    ends = {day: datetime.combine(day + timedelta(days=1), time(), UTC) for day in days}
    by_build: dict[int, list[date]] = {}
    for day in days:
        if ends[day] <= now:
            by_build.setdefault((await build_at(tx, ends[day])).number, []).append(day)
    found: dict[date, Estimate] = {}
    for number, shown in by_build.items():
        moments = [ends[day] for day in shown]
        bases = [await basis(tx, known_at=ends[day], now=now, as_of=day) for day in shown]
        asked = {"generation": number, "specialist_id": specialist_id, "moments": moments}
        rows = (await tx.execute(THEN, asked | _span(bases[0], figure, shown))).mappings().all()
        told = sorted(
            ((row["since"], row["day"], cells(row)) for row in rows if row["since"] < len(shown)), key=lambda it: it[:2]
        )
        for place, (day, at) in enumerate(zip(shown, bases, strict=True)):
            upto = bisect_left(told, place + 1, key=lambda it: it[0])
            if upto:
                found[day] = _estimate(figure, _without_since(told[:upto]), at.by)
    return found


def _without_since(told: Iterable[tuple[int, date, Cells]]) -> list[tuple[date, Cells]]:
    return [(day, counts) for _, day, counts in told]
