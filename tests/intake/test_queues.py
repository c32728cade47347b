"""Where an order stands and how long it honestly takes."""

import heapq
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from services.intake.domain.orders import Delivered, Order, Wait, days_away, place_key, questions, turns, waiting
from services.intake.domain.orders.queue import pace, worked, worked_until
from services.intake.domain.rules import OrderRules
from tests.intake.shop import DAY, HOUR, NOON, TICK
from tests.people import ANNA, OLENA, THERAPY

RULES = OrderRules()
KYIV = ZoneInfo("Europe/Kyiv")
GAPS = st.timedeltas(timedelta(0), timedelta(days=40))


def an_order(**known: Any) -> Order:
    facts: dict[str, Any] = {
        "id": uuid7(), "tenant": THERAPY, "client_id": OLENA.id, "specialist_id": ANNA.id, "kind": "planned_recording",
        "terms_version": 1, "wait_least": 4 * DAY, "wait_most": 14 * DAY, "placed_at": NOON, "questions": 1,
    }  # fmt: skip
    return Order(**facts | known)


def paid(at: datetime = NOON, **known: Any) -> Order:
    return an_order(paid_at=at, paid_said_by="client", **known)


def history(*waits: timedelta, every: timedelta = DAY) -> list[Delivered]:
    """Deliveries that took so long, one paid after the other."""
    begin = NOON - 100 * DAY
    return [Delivered(begin + n * every, begin + n * every + wait) for n, wait in enumerate(waits)]


def wait_at(position: int, *past: Delivered, away: Any = (), order: Order | None = None) -> Wait:
    return waiting(order or paid(), position, past, away, now=NOON, rules=RULES)


ORDERS = st.lists(
    st.builds(
        lambda gap, urgency, number: paid(NOON + gap, urgency=urgency, id=UUID(int=number)),
        st.integers(0, 3).map(HOUR.__mul__), st.sampled_from(["none", "urgent", "braked"]), st.integers(0, 2**128 - 1),
    ),
    max_size=30, unique_by=lambda order: order.id,
)  # fmt: skip


@given(ORDERS, st.data())
def test_c4_no_two_share_a_place_and_nobody_loses_one_by_a_nudge_or_a_question(
    queue: list[Order], data: st.DataObject
) -> None:
    """Places are a permutation, and only a payment, a start or a cancellation moves anybody."""
    before = [order.id for order in sorted(queue, key=place_key)]
    assert sorted(before) == sorted(order.id for order in queue)
    assert len({place_key(order) for order in queue}) == len(queue)
    for _ in range(data.draw(st.integers(0, 10)) if queue else 0):
        at = data.draw(st.integers(0, len(queue) - 1))
        ask = data.draw(st.sampled_from([nudge, add, change]))
        queue[at] = ask(queue[at])
    assert [order.id for order in sorted(queue, key=place_key)] == before


def nudge(order: Order) -> Order:
    now = (order.nudged_at or NOON) + DAY
    return turns.nudge(order, now=now, rules=RULES).after


def add(order: Order) -> Order:
    return questions.add_questions(order, ["more"], now=NOON, rules=RULES).after


def change(order: Order) -> Order:
    return questions.change(order, ["other"], now=NOON, rules=OrderRules(changes_at_most=100)).after


@given(ORDERS)
def test_c4_the_urgent_come_first_each_by_its_own_clock(queue: list[Order]) -> None:
    for first, second in pairwise(sorted(queue, key=place_key)):
        assert (first.urgency != "urgent") <= (second.urgency != "urgent")
        if (first.urgency == "urgent") == (second.urgency == "urgent"):
            assert first.paid_at is not None
            assert second.paid_at is not None
            assert first.paid_at <= second.paid_at


PAST = st.lists(
    st.builds(lambda ago, took: Delivered(NOON - ago - took, NOON - ago), GAPS, GAPS), min_size=1, max_size=60
)
AWAY = st.lists(
    st.builds(lambda first, days: (first, first + timedelta(days)), st.dates(date(2026, 1, 1), date(2026, 12, 1)),
              st.integers(0, 40)), max_size=6,
).map(lambda named: days_away(named, KYIV))  # fmt: skip


@given(PAST, AWAY, st.integers(1, 10_000), st.integers(1, 10_000))
def test_c4_whoever_stands_further_back_is_never_told_to_wait_less(
    past: list[Delivered], away: Any, one: int, other: int
) -> None:
    """The range is monotone in the place, both its ends, whatever the history and the holidays are."""
    near, far = (wait_at(position, *past, away=away) for position in sorted((one, other)))
    assert near.earliest is not None
    assert near.latest is not None
    assert far.earliest is not None
    assert far.latest is not None
    assert near.earliest <= far.earliest
    assert near.latest <= far.latest
    assert NOON <= near.earliest <= near.latest


@given(PAST, AWAY, st.integers(1, 100))
def test_c4_holidays_never_shorten_a_wait(past: list[Delivered], away: Any, position: int) -> None:
    """Of waits told by the terms; those told by history know which days of it were worked."""
    least, most = pace(position, past, away, RULES)
    assert timedelta(0) <= least <= most
    without = waiting(paid(), position, (), (), now=NOON, rules=RULES)
    with_them = waiting(paid(), position, (), away, now=NOON, rules=RULES)
    assert without.earliest is not None
    assert with_them.earliest is not None
    assert without.earliest <= with_them.earliest


@given(AWAY, GAPS, GAPS)
def test_working_time_added_is_working_time_found(away: Any, effort: timedelta, after: timedelta) -> None:
    """One is the inverse of the other."""
    start = NOON + after
    end = worked_until(start, effort, away)
    assert worked(start, end, away) == effort


@pytest.mark.parametrize(("deliveries", "basis"), [(0, "terms"), (9, "terms"), (10, "history"), (11, "history")])
def test_c4_it_says_what_it_is_judged_by(deliveries: int, basis: str) -> None:
    """From ten deliveries on by them, before that by what the terms say."""
    told = wait_at(1, *history(*[2 * DAY] * deliveries))
    assert (told.basis, told.deliveries) == (basis, deliveries)


def test_c1_without_history_a_planned_recording_takes_four_days_to_two_weeks() -> None:
    """From its payment, wherever it stands; and what should have been is expected from now on."""
    told = wait_at(7, order=paid(NOON - DAY))
    assert (told.earliest, told.latest) == (NOON + 3 * DAY, NOON + 13 * DAY)
    overdue = wait_at(1, order=paid(NOON - 20 * DAY))
    assert (overdue.earliest, overdue.latest) == (NOON, NOON)


def test_c4_the_range_is_the_percentiles_of_own_deliveries_scaled_by_the_place() -> None:
    """Waits of 1 to 10 days, one paid each day: 20th to 80th is 2 to 8; 10 in 19 days of 5.5 each is 55/19 at once."""
    past = history(*[n * DAY for n in range(1, 11)])
    spans = max(each.delivered_at for each in past) - min(each.paid_at for each in past)
    assert spans == 19 * DAY
    typical = 55 / 19
    told = wait_at(6, *past)
    assert told.earliest is not None
    assert told.latest is not None
    assert abs(told.earliest - NOON - 2 * DAY * (6 / typical)) < TICK * 10
    assert abs(told.latest - NOON - 8 * DAY * (6 / typical)) < TICK * 10
    assert wait_at(1, *past).latest == NOON + 8 * DAY


def test_c4_an_unusual_queue_breaks_nothing() -> None:
    """Everything at once, years of waiting, a place far behind: an answer, and no overflow."""
    at_once = [Delivered(NOON, NOON)] * 10
    assert wait_at(5, *at_once).latest == NOON
    ages = [Delivered(NOON - 9000 * DAY, NOON)] * 10
    assert wait_at(10_000, *ages).latest is not None


def test_c4_holidays_shift_the_range() -> None:
    """Whole days in the house's zone: 8 to 10 March are three days on which nothing is worked."""
    away = days_away([(date(2026, 3, 8), date(2026, 3, 9)), (date(2026, 3, 10), date(2026, 3, 10))], KYIV)
    assert len(away) == 1
    told = wait_at(1, away=away)
    assert (told.earliest, told.latest) == (NOON + 4 * DAY, NOON + 17 * DAY)


def test_c4_a_holiday_lasts_from_midnight_to_midnight() -> None:
    """To the microsecond, also on the day whose night is an hour short."""
    ((begins, ends),) = days_away([(date(2026, 3, 29), date(2026, 3, 29))], KYIV)
    assert ends - begins == 23 * HOUR
    assert worked_until(begins - DAY, DAY - TICK, [(begins, ends)]) == begins - TICK
    assert worked_until(begins - DAY, DAY, [(begins, ends)]) == begins
    assert worked_until(begins - DAY, DAY + TICK, [(begins, ends)]) == ends + TICK
    assert worked_until(begins, timedelta(0), [(begins, ends)]) == ends
    assert worked_until(ends, timedelta(0), [(begins, ends)]) == ends


def test_c4_a_day_between_two_holidays_is_as_long_as_it_is() -> None:
    """29 March 2026 has 23 hours in Kyiv."""
    away = days_away([(date(2026, 3, 28), date(2026, 3, 28)), (date(2026, 3, 30), date(2026, 3, 30))], KYIV)
    (first, morning), (evening, last) = away
    assert worked_until(first, 23 * HOUR, away) == evening == morning + 23 * HOUR
    assert worked_until(first, 23 * HOUR + TICK, away) == last + TICK
    assert worked(first, last, away) == 23 * HOUR


@pytest.mark.parametrize(
    ("order", "basis"),
    [
        (an_order(kind="planned_call"), "appointment"),
        (an_order(kind="multi_stage"), "agreement"),
        (an_order(kind="urgent_work", wait_most=DAY), "payment"),
        (paid(started_at=NOON), "in_work"),
        (paid(started_at=NOON, delivered_at=NOON), "done"),
        (an_order(cancelled_at=NOON, cancelled_by="client"), "done"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_c13_what_does_not_wait_in_a_queue_says_so(order: Order, basis: str) -> None:
    assert wait_at(1, *history(*[DAY] * 20), order=order).basis == basis


@pytest.mark.parametrize(("batches", "least", "latest"), [(False, 0.6, 0.05), (True, 0.4, 0.3)])
@pytest.mark.parametrize("seed", range(3))
def test_c4_ranges_hold_for_one_who_works_in_turn_and_for_one_who_works_on_sundays(
    seed: int, batches: bool, least: float, latest: float
) -> None:
    """Of what is told at the payment most comes true, and little comes later: by rule, about two in ten at most.

    One does a thing after the other, and the queue goes up and down; the other delivers all of a week at its end.
    """
    outcomes = [told for told in _lived(random.Random(seed), batches=batches) if told is not None]
    assert len(outcomes) > 500
    assert sum(wait.earliest <= there <= wait.latest for wait, there in outcomes) / len(outcomes) > least
    assert sum(there > wait.latest for wait, there in outcomes) / len(outcomes) < latest


def _lived(chance: random.Random, *, batches: bool) -> Iterator[tuple[Any, datetime] | None]:
    """What each client was told at the payment, if by history, and when the result was there."""
    past, waiting_for = list[Delivered](), list[datetime]()
    arrives = free = NOON
    for _ in range(600):
        arrives += timedelta(hours=chance.expovariate(1 / 12))
        while waiting_for and waiting_for[0] <= arrives:
            heapq.heappop(waiting_for)
        free = max(free, arrives) + timedelta(hours=chance.uniform(4, 16))
        there = NOON + ((arrives - NOON) // (7 * DAY) + 1) * 7 * DAY if batches else free
        known = sorted((each for each in past if each.delivered_at <= arrives), key=lambda each: each.delivered_at)
        newest = known[-RULES.history_most :]
        wait = waiting(paid(arrives), len(waiting_for) + 1, newest, (), now=arrives, rules=RULES)
        yield (wait, there) if wait.basis == "history" else None
        past.append(Delivered(arrives, there))
        heapq.heappush(waiting_for, there)
