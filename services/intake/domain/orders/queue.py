"""Where an order stands in its queue, and how long that honestly takes (C4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.kit.errors import Invalid
from services.intake.domain.orders.order import Order
from services.intake.domain.rules import OrderRules

Basis = Literal["history", "terms", "payment", "appointment", "agreement", "in_work", "done"]
Away = Sequence[tuple[datetime, datetime]]
A_DAY = timedelta(days=1)
LONGEST = timedelta(days=3660)
NOTHING = timedelta(0)


class HolidayMalformed(Invalid):
    """A holiday ends on the day it begins or later, and not too far from today; and there may be so many."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """An order of the past, from its payment to its result."""

    paid_at: datetime
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Wait:
    """When the result may be expected, what that is judged by, and by how many deliveries."""

    basis: Basis
    earliest: datetime | None = None
    latest: datetime | None = None
    deliveries: int = 0


def place_key(order: Order) -> tuple[bool, datetime, UUID]:
    """Orders are done in this order: the urgent first, each by its own clock; nothing that is asked later moves it."""
    if order.paid_at is None:
        raise ValueError("an unpaid order has no place")
    return order.urgency != "urgent", order.due or order.paid_at, order.id


def in_queue(order: Order) -> bool:
    """Paid and not begun; a call has its hour instead."""
    return order.state == "paid" and order.kind != "planned_call"


def waiting(
    order: Order, position: int, history: Sequence[Delivered], away: Away, *, now: datetime, rules: OrderRules
) -> Wait:
    """How long it still takes from this place. An order that is not paid is told what paying now would mean."""
    if order.state in {"delivered", "cancelled"}:
        return Wait("done")
    match order.kind:
        case "planned_call":
            return Wait("appointment", order.call_at, order.call_at)
        case "multi_stage":
            return Wait("agreement")
        case "urgent_work":
            return Wait("payment", now, order.due or now + (order.wait_most or NOTHING))
        case _ if order.state == "started":
            return Wait("in_work", now)
        case _:
            return _queued(order, position, history, away, now=now, rules=rules)


def _queued(
    order: Order, position: int, history: Sequence[Delivered], away: Away, *, now: datetime, rules: OrderRules
) -> Wait:
    """By what happened if enough did, from this moment on; else by the terms, from the payment on."""
    if len(history) >= rules.history_least:
        least, most = pace(position, history, away, rules)
        return Wait("history", worked_until(now, least, away), worked_until(now, most, away), len(history))
    since, waits = order.paid_at or now, (order.wait_least or NOTHING, order.wait_most or NOTHING)
    earliest, latest = (max(now, worked_until(since, wait, away)) for wait in waits)
    return Wait("terms", earliest, latest, len(history))


def pace(position: int, history: Sequence[Delivered], away: Away, rules: OrderRules) -> tuple[timedelta, timedelta]:
    """From how long to how long an order at this place takes, as the specialist's own deliveries say.

    w: the working time from payment to result of each delivery; a and b: its early and late percentiles
    (`early_percent`, `late_percent`; nearest rank). By Little's law the specialist had typically
    t = deliveries / their whole span * mean(w) orders at once, at least 1. An order at place p waits from
    a * p / t to b * max(1, p / t): fewer before it than usual may be quicker, but that is not promised.
    """
    waits = sorted(worked(each.paid_at, each.delivered_at, away) for each in history)
    first, last = min(each.paid_at for each in history), max(each.delivered_at for each in history)
    span, mean = worked(first, last, away), sum(waits, NOTHING) / len(waits)
    typical = max(1.0, len(waits) * (mean / span)) if span else 1.0
    scale = position / typical
    early, late = _percentile(waits, rules.early_percent), _percentile(waits, rules.late_percent)
    return min(early, late) * scale, max(early, late) * max(1.0, scale)


def days_away(holidays: Iterable[tuple[date, date]], zone: ZoneInfo) -> Away:
    """Holidays as moments, first to last day inclusive in the house's zone; those that touch are one."""
    merged: list[tuple[datetime, datetime]] = []
    for first, last in sorted(holidays):
        # In UTC, because the difference of two moments of one zone is that of their wall clocks.
        begins = datetime.combine(first, time(), zone).astimezone(UTC)
        ends = datetime.combine(last + A_DAY, time(), zone).astimezone(UTC)
        if merged and begins <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends, merged[-1][1]))
        else:
            merged.append((begins, ends))
    return merged


def holidays_of(
    named: Sequence[tuple[date, date]], *, now: datetime, zone: ZoneInfo, rules: OrderRules
) -> Sequence[tuple[date, date]]:
    """Holidays as they may be named."""
    furthest = (now + rules.holidays_ahead).astimezone(zone).date()
    oldest = (now - rules.holidays_ahead).astimezone(zone).date()
    if len(named) > rules.holidays_at_most or any(not oldest <= a <= b <= furthest for a, b in named):
        raise HolidayMalformed(f"At most {rules.holidays_at_most}, from {oldest} to {furthest}.")
    return sorted(named)


def worked_until(start: datetime, effort: timedelta, away: Away) -> datetime:
    """The moment by which so much working time has passed; holidays are none."""
    effort, reached = min(effort, LONGEST), start
    for begins, ends in away:
        if ends <= reached:
            continue
        free = max(NOTHING, begins - reached)
        if effort < free or (effort == free and effort):
            break
        effort -= free
        reached = ends
    return reached + effort


def worked(start: datetime, end: datetime, away: Away) -> timedelta:
    """The working time between two moments."""
    lost = (max(NOTHING, min(end, ends) - max(start, begins)) for begins, ends in away)
    return end - start - sum(lost, NOTHING)


def _percentile(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """The nearest rank: the smallest value that so many of a hundred do not exceed."""
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(1, rank) - 1]
