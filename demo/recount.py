"""What the load chart and a wait should say, told again in Python alone from raw rows and from the rules as written.

Nothing here knows how the services do it: the rules are those of B9, C1, C2, C3, C4 and C12, as the house rules and the
decision on waits state them. It is slow and short on purpose.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Spells = Sequence[tuple[datetime, datetime]]
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class House:
    """The numbers of the house rules that are looked at here, as they are when nobody has changed them."""

    zone: str = "Europe/Moscow"
    chart_weeks: int = 8
    chart_floor: int = 5
    history_least: int = 10
    history_most: int = 50
    early_percent: int = 20
    late_percent: int = 80


class Standing(NamedTuple):
    """What an order's status should say of its place and its wait."""

    position: int | None
    basis: str
    deliveries: int
    earliest: datetime | None
    latest: datetime | None


def weeks_until(now: datetime, house: House) -> tuple[datetime, datetime]:
    """Whole weeks on the house's wall clock, up to the beginning of the hour that runs (B9)."""
    there = now.astimezone(ZoneInfo(house.zone)).replace(minute=0, second=0, microsecond=0)
    return (there - timedelta(weeks=house.chart_weeks)).astimezone(UTC), there.astimezone(UTC)


def chart(
    requests: Sequence[Row], presses: Sequence[Row], bars: Sequence[Row], who: UUID, *, since: datetime,
    until: datetime, house: House,
) -> list[dict[str, Any]]:  # fmt: skip
    """The 168 hours of a week of one house, for one of its specialists (B9).

    A request that everybody could see counts in the hour in which it came, and as accepted while somebody has it. A
    race counts once, in the hour of one's first press in it; who had the request after it, for good or for a while,
    has won it.
    """
    zone = ZoneInfo(house.zone)

    def hour(at: datetime) -> tuple[int, int]:
        there = at.astimezone(zone)
        return there.isoweekday(), there.hour

    came, waits = defaultdict[Any, int](int), defaultdict[Any, list[float]](list)
    for request in requests:
        if since <= request["opened_at"] < until and request["direct_to"] is None:
            came[hour(request["opened_at"])] += 1
            if request["accepted_at"] is not None:
                waited = request["accepted_at"] - request["opened_at"]
                waits[hour(request["opened_at"])].append(waited.total_seconds())
    first = dict[tuple[UUID, datetime], datetime]()
    for press in presses:
        if press["specialist_id"] == who:
            race, at = (press["request_id"], press["accepted_at"]), _pressed_at(press)
            first[race] = min(at, first.get(race, at))
    had = {(each["id"], each["accepted_at"]) for each in requests if each["accepted_by"] == who}
    had |= {(each["request_id"], each["accepted_at"]) for each in bars if each["specialist_id"] == who}
    won = defaultdict[Any, list[bool]](list)
    for race, at in first.items():
        if since <= at < until:
            won[hour(at)].append(race in had)
    return [
        {
            "weekday": day, "hour": of_day, "requests": came[at], "accepts": len(waits[at]),
            "median_wait_seconds": median(waits[at]) if len(waits[at]) >= house.chart_floor else None,
            "presses": len(won[at]), "wins": sum(won[at]),
            "chance": sum(won[at]) / len(won[at]) if len(won[at]) >= house.chart_floor else None,
        }
        for day in range(1, 8) for of_day in range(24) for at in [(day, of_day)]
    ]  # fmt: skip


def standing(order: Row, all_orders: Sequence[Row], away: Spells, *, now: datetime, house: House) -> Standing:
    """The place and the wait of an order, as its client should be told (C4)."""
    same = [each for each in all_orders if _same_bench(each, order)]
    paid = order if order["paid_at"] else dict(order) | {"paid_at": now, "due": _due(order, now)}
    ahead = sum(_waits(each) and _turn(each) < _turn(paid) for each in same if each["id"] != order["id"])
    place = ahead + 1 if _waits(order) and order["kind"] != "planned_call" else None
    if order["cancelled_at"] or order["delivered_at"]:
        return Standing(place, "done", 0, None, None)
    match order["kind"]:
        case "planned_call":
            return Standing(place, "appointment", 0, order["call_at"], order["call_at"])
        case "multi_stage":
            return Standing(place, "agreement", 0, None, None)
        case "urgent_work":
            return Standing(place, "payment", 0, now, order["due"] or _due(order, now))
        case _ if order["started_at"]:
            return Standing(place, "in_work", 0, now, None)
    basis, deliveries, earliest, latest = _wait(paid, ahead + 1, same, away, now=now, house=house)
    return Standing(place, basis, deliveries, earliest, latest)


def spells_away(firsts: Sequence[date], lasts: Sequence[date], house: House) -> Spells:
    """Holidays are whole days in the house's zone, the first and the last included; each day by itself here."""
    zone, days = ZoneInfo(house.zone), set[date]()
    for first, last in zip(firsts, lasts, strict=True):
        days |= {first + timedelta(n) for n in range((last - first).days + 1)}
    return [(_midnight(day, zone), _midnight(day + timedelta(1), zone)) for day in sorted(days)]


def worked(begins: datetime, ends: datetime, away: Spells) -> timedelta:
    """The time between two moments that is no holiday."""
    return sum((max(timedelta(0), min(ends, b) - max(begins, a)) for a, b in _between(away)), timedelta(0))


def worked_until(begins: datetime, effort: timedelta, away: Spells) -> datetime:
    """When so much time has passed that is no holiday; whoever has nothing left to do on one is free after it."""
    for a, b in _between(away):
        there = max(begins, a)
        if there < b and effort <= b - there:
            return there + effort
        effort -= max(timedelta(0), b - there)
    raise ValueError("there is always time after the last holiday")


def _wait(
    order: Row, place: int, same: Sequence[Row], away: Spells, *, now: datetime, house: House
) -> tuple[str, int, datetime, datetime]:
    """By the newest deliveries if there are enough, from now on; else by the terms, from the payment on."""
    done = [each for each in same if each["delivered_at"] and each["urgency"] != "urgent"]
    done = [each for each in done if each["delivered_at"] > now - timedelta(days=180)]
    done = sorted(done, key=lambda each: each["delivered_at"], reverse=True)[: house.history_most]
    if len(done) < house.history_least:
        told = [worked_until(order["paid_at"], order[name], away) for name in ("wait_least", "wait_most")]
        return "terms", len(done), max(now, told[0]), max(now, told[1])
    took = sorted(worked(each["paid_at"], each["delivered_at"], away).total_seconds() for each in done)
    whole = worked(min(each["paid_at"] for each in done), max(each["delivered_at"] for each in done), away)
    # Little's law: so many at once are as many as come in a second, times the seconds that each is there.
    usual = max(1.0, len(took) / whole.total_seconds() * fmean(took))
    least = _nearest_rank(took, house.early_percent) * place / usual
    most = _nearest_rank(took, house.late_percent) * max(1.0, place / usual)
    earliest, latest = (worked_until(now, timedelta(seconds=each), away) for each in (least, most))
    return "history", len(done), earliest, latest


def _nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """The smallest of them that at least so many of a hundred do not exceed."""
    return next(each for n, each in enumerate(ordered, start=1) if 100 * n >= percent * len(ordered))


def _turn(order: Row) -> tuple[bool, datetime, UUID]:
    """The urgent first, then by payment, or by when it is due if it is."""
    return order["urgency"] != "urgent", order["due"] or order["paid_at"], order["id"]


def _waits(order: Row) -> bool:
    return bool(order["paid_at"]) and not order["started_at"] and not order["cancelled_at"]


def _same_bench(one: Row, other: Row) -> bool:
    return all(one[name] == other[name] for name in ("tenant", "specialist_id", "kind"))


def _due(order: Row, now: datetime) -> datetime | None:
    """Urgent work is due so long after its payment as its terms say (C2)."""
    due: datetime | None = now + order["wait_most"] if order["kind"] == "urgent_work" else None
    return due


def _pressed_at(press: Row) -> datetime:
    at: datetime = press["accepted_at"] + timedelta(milliseconds=press["margin_ms"])
    return at


def _between(away: Spells) -> Spells:
    """The times between holidays, from ever to ever."""
    edges = [datetime.min.replace(tzinfo=UTC), *(edge for spell in away for edge in spell), NEVER]
    return [(a, b) for n, (a, b) in enumerate(pairwise(edges)) if n % 2 == 0 and a < b]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
