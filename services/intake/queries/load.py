"""The load chart: what each hour of the week was like, for everybody and for one's own presses (B9)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain.rules import Rules

HOURS_OF_WEEK = 7 * 24
# What arrived in an hour: how much of it was taken, and how long its clients waited. Asked of one specialist only, a
# request says nothing of the feed.
EVERYBODY = text("""
SELECT (24 * (extract(isodow FROM opened_at AT TIME ZONE :zone) - 1)
    + extract(hour FROM opened_at AT TIME ZONE :zone))::int AS hour,
  count(*) AS requests, count(accepted_at) AS accepts,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM accepted_at - opened_at)) AS median_wait
FROM requests
WHERE tenant = :tenant AND opened_at >= :since AND opened_at < :until AND direct_to IS NULL
GROUP BY 1
""")
# One race is one case, however often one pressed in it. It was won by whom it was accepted by, for good or for a while.
OWN = text("""
WITH races AS (
  SELECT request_id, accepted_at, min(accepted_at + margin_ms * interval '1 millisecond') AS pressed_at
  FROM presses WHERE specialist_id = :specialist_id AND tenant = :tenant
  GROUP BY request_id, accepted_at
)
SELECT (24 * (extract(isodow FROM pressed_at AT TIME ZONE :zone) - 1)
    + extract(hour FROM pressed_at AT TIME ZONE :zone))::int AS hour,
  count(*) AS presses,
  count(*) FILTER (WHERE EXISTS (
    SELECT FROM requests r
    WHERE r.id = races.request_id AND r.accepted_by = :specialist_id AND r.accepted_at = races.accepted_at
  ) OR EXISTS (
    SELECT FROM bars b
    WHERE b.request_id = races.request_id AND b.specialist_id = :specialist_id AND b.accepted_at = races.accepted_at
  )) AS wins
FROM races
WHERE pressed_at >= :since AND pressed_at < :until
GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class LoadHour:
    """One hour of the week; a median or a chance of too few cases is None."""

    weekday: int
    hour: int
    requests: int
    accepts: int
    median_wait_seconds: float | None
    presses: int
    wins: int
    chance: float | None


class Span(NamedTuple):
    """Whole weeks up to the hour that is running, in a house's own time."""

    since: datetime
    until: datetime


def span(now: datetime, weeks: int, zone: ZoneInfo) -> Span:
    """From the same hour on the wall, so many weeks ago, to the beginning of this one."""
    until = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    return Span((until - timedelta(weeks=weeks)).astimezone(UTC), until.astimezone(UTC))


async def load_chart(tx: AsyncSession, specialist_id: UUID, *, tenant: str, over: Span, rules: Rules) -> list[LoadHour]:
    """All 168 hours, Monday's first one in front; of other specialists there are only sums."""
    asked = {"tenant": tenant, "zone": rules.race.zone.key, "since": over.since, "until": over.until}
    everybody = {row.hour: row for row in await tx.execute(EVERYBODY, asked)}
    own = {row.hour: row for row in await tx.execute(OWN, asked | {"specialist_id": specialist_id})}
    floor = rules.duty.chart_floor
    return [_hour(hour, everybody.get(hour), own.get(hour), floor) for hour in range(HOURS_OF_WEEK)]


def _hour(
    hour: int, all: Row[*tuple[object, ...]] | None, own: Row[*tuple[object, ...]] | None, floor: int
) -> LoadHour:
    weekday, of_day = divmod(hour, 24)
    accepts, presses = all.accepts if all else 0, own.presses if own else 0
    return LoadHour(
        weekday=weekday + 1, hour=of_day, requests=all.requests if all else 0, accepts=accepts,
        median_wait_seconds=float(all.median_wait) if all and accepts >= floor else None,
        presses=presses, wins=own.wins if own else 0,
        chance=own.wins / presses if own and presses >= floor else None,
    )  # fmt: skip
