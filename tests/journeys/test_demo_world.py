"""The demo month is plausible and always the same, and its recount knows the rules by heart."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from demo.notes import Notes
from demo.ordering import Ordering
from demo.orders import BENCHES, at_bench, commissions
from demo.outside import late_presses
from demo.recount import House, chart, spells_away, standing, weeks_until, worked, worked_until
from demo.stages import AT_ONCE, in_lanes, unsent
from demo.world import DAYS, month_before, stories
from libs.bus.ids import uuid7
from libs.bus.memory import MemoryLog
from libs.bus.relay import Relay
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.service import Running
from services.intake.domain.orders import says_urgent
from tests.intake.cast import As

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
BEGINS = month_before(NOW)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANNA, BORIS = UUID(int=1), UUID(int=2)


def an_order(n: int, paid: datetime | None, **known: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": UUID(int=n), "tenant": "therapy", "specialist_id": ANNA, "kind": "planned_recording", "urgency": "none",
        "wait_least": 4 * DAY, "wait_most": 14 * DAY, "paid_at": paid, "due": None, "started_at": None,
        "delivered_at": None, "cancelled_at": None, "call_at": None,
    }  # fmt: skip
    return facts | known


def delivered(*took: int) -> list[dict[str, Any]]:
    """Orders of the past, one paid a day, with the days that they took."""
    begin = NOW - 60 * DAY
    return [
        an_order(100 + n, begin + n * DAY, started_at=begin + n * DAY, delivered_at=begin + (n + days) * DAY)
        for n, days in enumerate(took)
    ]


def test_the_month_of_orders_is_the_same_twice_and_in_order() -> None:
    """No act comes before what it needs, and none after the month but a call's hour."""
    month = commissions(BEGINS)
    assert month == commissions(BEGINS)
    assert 60 <= len(month) <= 120
    for it in month:
        told = [it.placed_at, it.paid_at, it.started_at, it.delivered_at]
        steps = [at for at in told if at]
        assert steps == sorted(steps)
        assert steps[0] >= BEGINS
        assert steps[-1] <= BEGINS + DAYS * DAY + 5 * HOUR
        assert not (it.cancelled_at and it.started_at)
        assert it.nudged_at is None or (it.paid_at is not None and it.paid_at + DAY <= it.nudged_at)


def test_the_month_has_orders_of_every_fate() -> None:
    """Some in the queue at its end, some cancelled, some asked about, and some urgent by their first word."""
    month = commissions(BEGINS)
    waiting = [it for it in month if it.paid_at and not it.started_at and not it.cancelled_at]
    assert len(waiting) >= 5
    assert any(says_urgent(it.words[0]) for it in waiting)
    assert any(not says_urgent(it.words[0]) for it in waiting)
    assert sum(it.cancelled_at is not None for it in month) >= 3
    assert sum(it.nudged_at is not None for it in month) >= 2
    assert sum(says_urgent(it.words[0]) for it in month) == 2
    by_bench = Counter((it.specialist, it.kind) for it in month if it.delivered_at and not says_urgent(it.words[0]))
    assert by_bench[at_bench(BENCHES[0]), BENCHES[0].kind] >= 10
    assert any(0 < count < 10 for count in by_bench.values())


def test_nobody_starts_an_order_while_away() -> None:
    """Three days in the middle of the month."""
    marina = at_bench(BENCHES[0])
    gone = BEGINS + 12 * DAY, BEGINS + 15 * DAY
    started = [it.started_at for it in commissions(BEGINS) if it.specialist == marina and it.kind != "planned_call"]
    assert not [at for at in started if at and gone[0] <= at < gone[1]]


def test_somebody_comes_too_late_and_nobody_before_the_first() -> None:
    """Else everybody's chance would be one."""
    month = stories(BEGINS)
    late = [(story, press) for story in month for press in late_presses(story)]
    assert len(late) > 100
    assert all(story.accepted_at and story.accepted_at < press.at for story, press in late)
    assert all(story.specialist and story.specialist.id != press.specialist_id for story, press in late)


def test_a_recounted_chart_counts_an_hour_by_the_wall_clock_and_a_race_once() -> None:
    """22:30 by UTC on a Sunday is Monday in Moscow; two presses in one race are one."""
    opened = datetime(2026, 11, 1, 22, 30, tzinfo=UTC)
    taken = opened + timedelta(seconds=10)
    request = {
        "id": UUID(int=9), "opened_at": opened, "direct_to": None, "accepted_at": taken, "accepted_by": ANNA,
    }  # fmt: skip
    presses = [
        {"specialist_id": who, "request_id": request["id"], "accepted_at": taken, "margin_ms": margin}
        for who, margin in ((ANNA, 0), (BORIS, 5), (BORIS, 4_000_000))
    ]
    house = House(chart_floor=1)
    since, until = weeks_until(NOW, house)
    assert (since, until) == (NOW - 56 * DAY, NOW)
    for who, wins in ((ANNA, 1), (BORIS, 0)):
        hours = chart([request], presses, [], who, since=since, until=until, house=house)
        assert len(hours) == 168
        [hour] = [each for each in hours if each["requests"] or each["presses"]]
        assert (hour["weekday"], hour["hour"], hour["median_wait_seconds"]) == (1, 1, 10)
        assert (hour["presses"], hour["wins"], hour["chance"]) == (1, wins, wins)
    taken_back = [request | {"accepted_at": None, "accepted_by": None}]
    bar = [{"specialist_id": ANNA, "request_id": request["id"], "accepted_at": taken}]
    [hour] = [
        each for each in chart(taken_back, presses, bar, ANNA, since=since, until=until, house=house) if each["presses"]
    ]
    assert (hour["accepts"], hour["wins"]) == (0, 1)


def test_a_recounted_place_is_behind_the_urgent_and_those_who_paid_before() -> None:
    """Who began, cancelled or has not paid is not before anybody."""
    mine = an_order(5, NOW - 2 * DAY)
    others = [
        an_order(1, NOW - 3 * DAY), an_order(2, NOW - DAY), an_order(3, NOW - HOUR, urgency="urgent"),
        an_order(4, None),
        an_order(6, NOW - 4 * DAY, started_at=NOW), an_order(7, NOW - 4 * DAY, cancelled_at=NOW),
        an_order(8, NOW - 4 * DAY, kind="one_question"), an_order(9, NOW - 4 * DAY, specialist_id=BORIS),
    ]  # fmt: skip
    told = standing(mine, [mine, *others], (), now=NOW, house=House())
    assert told == (3, "terms", 0, NOW + 2 * DAY, NOW + 12 * DAY)
    unpaid = standing(others[3], [mine, *others], (), now=NOW, house=House())
    assert unpaid == (None, "terms", 0, NOW + 4 * DAY, NOW + 14 * DAY)


@pytest.mark.parametrize("place", [1, 10])
def test_a_recounted_wait_is_that_of_ten_deliveries(place: int) -> None:
    """Of 1 to 10 days: a fifth of them took up to 2, four fifths up to 8; at once there were 10 / 19 * 5.5 or so."""
    past, usual = delivered(*range(1, 11)), 10 / 19 * 5.5
    before = [an_order(n, NOW - 2 * DAY) for n in range(1, place)]
    mine = an_order(50, NOW - DAY)
    told = standing(mine, [mine, *before, *past], (), now=NOW, house=House())
    assert (told.position, told.basis, told.deliveries) == (place, "history", 10)
    assert told.earliest
    assert told.latest
    assert (told.earliest - NOW) / DAY == pytest.approx(2 * place / usual)
    assert (told.latest - NOW) / DAY == pytest.approx(8 * max(1.0, place / usual))


def test_holidays_are_no_working_time() -> None:
    """Whole days of Moscow, and those that touch are one."""
    away = spells_away([date(2026, 11, 4), date(2026, 11, 5)], [date(2026, 11, 4), date(2026, 11, 6)], House())
    begins, ends = datetime(2026, 11, 3, 21, tzinfo=UTC), datetime(2026, 11, 6, 21, tzinfo=UTC)
    assert worked(NOW, ends + DAY, away) == ends + DAY - NOW - 3 * DAY
    assert worked_until(begins - HOUR, HOUR, away) == begins
    assert worked_until(begins - HOUR, 2 * HOUR, away) == ends + HOUR
    assert worked_until(begins, timedelta(0), away) == ends


async def rows_of(intake: Running, table: str) -> list[dict[str, Any]]:
    async with intake.database.begin() as connection:
        found = await connection.execute(text(f"SELECT * FROM {table} ORDER BY 1"))  # noqa: S608 - a name from here
        return [dict(row) for row in found.mappings()]


async def played(acts: Ordering) -> None:
    """Every stage twice, but for placing, as if nobody had noted the first time."""
    await acts.offer(BEGINS)
    for name, act, _ in acts.stages:
        for it in commissions(BEGINS):
            for _ in range(1 if name == "orders" else 2):
                await act(it)
    await acts.offer(BEGINS)


async def test_the_month_of_orders_happens_and_every_wait_is_what_the_recount_says(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As, tmp_path: Path
) -> None:
    """To the millisecond, for a clock that stands still; and what is played twice happens once."""
    notes, month = Notes(tmp_path / "notes"), commissions(BEGINS)
    await played(Ordering(intake_service, notes, NOW))
    orders = await rows_of(intake_service, "orders")
    by_id = {order["id"]: order for order in orders}
    assert len(orders) == len(month)
    for it in month:
        order = by_id[notes.orders[it.number]]
        times = (order["paid_at"], order["started_at"], order["delivered_at"], order["cancelled_at"])
        assert times == (it.paid_at, it.started_at, it.delivered_at, it.cancelled_at)
        asked = (order["questions"], order["follow_ups"], order["nudges"])
        assert asked == (len(it.words) + bool(it.forgotten), bool(it.follow_up), bool(it.nudged_at))
    [away] = await rows_of(intake_service, "holidays")
    bases = Counter[str]()
    for order in orders:
        theirs = away["specialist_id"] == order["specialist_id"]
        spells = spells_away(away["firsts"], away["lasts"], House()) if theirs else ()
        counted = standing(order, orders, spells, now=NOW, house=House())
        who = Principal(order["specialist_id"], order["tenant"], "specialist", frozenset({"specialist"}))
        with clock.at(NOW):
            told = (await intake_client.get(f"orders/{order['id']}/status", headers=as_(who))).json()
        wait = told["wait"]
        assert (told["position"], wait["basis"], wait["deliveries"]) == counted[:3]
        for name, expected in (("earliest", counted.earliest), ("latest", counted.latest)):
            assert (wait[name] is None) == (expected is None)
            if expected is not None:
                assert abs(datetime.fromisoformat(wait[name]) - expected) < timedelta(milliseconds=1)
        bases[wait["basis"]] += 1
    assert set(bases) >= {"history", "terms", "appointment", "done"}


async def test_those_of_one_lane_go_one_after_the_other_and_few_lanes_at_once() -> None:
    """As the numbers say."""
    there, seen, most = set[int](), list[int](), 0

    async def act(number: int) -> None:
        nonlocal most
        assert number % 20 not in {each % 20 for each in there}
        there.add(number)
        most = max(most, len(there))
        await asyncio.sleep(0.001)
        there.discard(number)
        seen.append(number)

    await in_lanes(range(100), act, lambda number: number % 20)
    assert sorted(seen) == list(range(100))
    assert all(sorted(lane) == lane for lane in ([each for each in seen if each % 20 == n] for n in range(20)))
    assert most == AT_ONCE


def test_notes_say_after_a_break_what_was_done(tmp_path: Path) -> None:
    """The last line may be torn."""
    one, other = uuid7(), uuid7()
    notes = Notes(tmp_path / "notes")
    notes.opened(1, one)
    notes.ordered(2, other)
    notes.did("starts", 3)
    notes.did("starts", 4)
    with (tmp_path / "notes").open("a") as file:
        file.write('{"stage": "sta')
    again = Notes(tmp_path / "notes")
    assert (again.requests, again.orders, again.over) == ({1: one}, {2: other}, False)
    assert again.done == {("starts", 3), ("starts", 4)}


async def test_inside_nothing_is_sent_and_afterwards_everything_is(intake_service: Running, tmp_path: Path) -> None:
    """Whoever relays: the shards are held as another relay would."""
    relay = Relay("intake", intake_service.database.engine, MemoryLog())
    acts = Ordering(intake_service, Notes(tmp_path / "notes"), NOW)
    await acts.offer(BEGINS)
    async with unsent([intake_service]):
        await acts.place(commissions(BEGINS)[0])
        assert await relay.round() == 0
    assert await relay.round() == 1
