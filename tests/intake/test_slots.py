"""Exact times for calls, of which each is booked once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from libs.events.orders import OrderChanged
from libs.kit import clock
from tests.intake.cast import at_once
from tests.intake.shop import DAY, HOUR, LINK, NOON, TICK, Shop, after_all_have_read, clients, moment, refusal
from tests.people import ANNA, BORIS, OLENA, STRANGE_CLIENT, TARAS

CALL = "planned_call"
WEEK = 7 * DAY


async def slot(shop: Shop, after: timedelta = 10 * DAY, minutes: int = 50, by: Any = ANNA) -> str:
    answer = await shop.post("slots", by, starts_at=(NOON + after).isoformat(), minutes=minutes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def times(shop: Shop, by: Any = OLENA, of: Any = ANNA) -> list[str]:
    answer = await shop.get(f"slots?specialist_id={of.id}", by)
    return [each["id"] for each in answer.json()["items"]]


@pytest.mark.parametrize(("after", "status"), [
    (WEEK - TICK, 422), (WEEK, 201), (3 * WEEK, 201), (3 * WEEK + TICK, 422), (-DAY, 422),
])  # fmt: skip
async def test_c3_times_are_offered_one_to_three_weeks_ahead(shop: Shop, after: timedelta, status: int) -> None:
    """Both ends belong to it; the refusal says from when to when."""
    with clock.at(NOON):
        answer = await shop.post("slots", ANNA, starts_at=(NOON + after).isoformat(), minutes=50)
    assert answer.status_code == status
    if status == 422:
        assert (moment(answer.json()["from"]), moment(answer.json()["until"])) == (NOON + WEEK, NOON + 3 * WEEK)


async def test_c3_a_call_is_booked_for_an_exact_time(shop: Shop) -> None:
    """With a reminder, a day before, to write the questions down; for others the time is gone."""
    await shop.offers(CALL)
    with clock.at(NOON):
        time, order = await slot(shop), await shop.paid(CALL)
        assert await times(shop) == [time]
        booked = await shop.done(f"orders/{order}/slot", OLENA, slot_id=time)
        assert (moment(booked["call_at"]), moment(booked["prepare_at"])) == (NOON + 10 * DAY, NOON + 9 * DAY)
        again = await shop.done(f"orders/{order}/slot", OLENA, slot_id=time)
        assert (again["changes"], again["call_at"]) == (0, booked["call_at"])
        assert await times(shop) == []
        assert [each["free"] for each in (await shop.get(f"slots?specialist_id={ANNA.id}", ANNA)).json()["items"]] == [
            False
        ]
        status = await shop.status(order)
    assert (status["position"], status["wait"]["basis"]) == (None, "appointment")
    assert status["wait"]["earliest"] == status["wait"]["latest"] == booked["call_at"]


async def test_c3_a_time_that_has_come_too_near_is_not_booked(shop: Shop) -> None:
    """It was offered in time, and is booked a week ahead at the latest."""
    await shop.offers(CALL)
    with clock.at(NOON):
        time, order = await slot(shop, 10 * DAY), await shop.paid(CALL)
    with clock.at(NOON + 3 * DAY + TICK):
        assert await times(shop) == []
        assert refusal(await shop.post(f"orders/{order}/slot", OLENA, slot_id=time)) == (422, "outside_window")
    with clock.at(NOON + 3 * DAY):
        assert await times(shop) == [time]
        assert (await shop.post(f"orders/{order}/slot", OLENA, slot_id=time)).status_code == 201


async def test_c3_two_at_once_book_one_time_once(shop: Shop) -> None:
    """One 201 and one 409, and the loser's order is as it was."""
    await shop.offers(CALL)
    with clock.at(NOON):
        time = await slot(shop)
        orders = {who: await shop.paid(CALL, who) for who in (OLENA, TARAS)}
        booking = [shop.post(f"orders/{order}/slot", who, slot_id=time) for who, order in orders.items()]
        answers = await at_once(shop.intake, "slots", booking)
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        calls = [(await shop.seen(order, who))["call_at"] for who, order in orders.items()]
    assert sorted(call is None for call in calls) == [False, True]
    assert await shop.rows("SELECT count(*) FROM slots WHERE order_id IS NOT NULL") == [(1,)]


async def test_c3_many_at_once_book_few_times(shop: Shop) -> None:
    """Each time has one order and each order one time, whoever wanted which."""
    await shop.offers(CALL)
    with clock.at(NOON):
        found = [await slot(shop, 10 * DAY + n * HOUR) for n in range(3)]
        people = clients(8)
        orders = [await shop.paid(CALL, who) for who in people]
        answers = await asyncio.gather(*(
            shop.post(f"orders/{order}/slot", who, slot_id=found[n % 3])
            for n, (who, order) in enumerate(zip(people, orders, strict=True))
        ))  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {refusal(answer)[1] for answer in answers if not answer.is_success} == {"slot_taken"}


async def test_c3_two_who_swap_their_times_do_not_wait_for_each_other(shop: Shop) -> None:
    """Each wants what the other has: both are refused, and nobody hangs."""
    await shop.offers(CALL)
    with clock.at(NOON):
        one, two = await slot(shop), await slot(shop, 11 * DAY)
        mine, yours = await shop.paid(CALL), await shop.paid(CALL, TARAS)
        await shop.done(f"orders/{mine}/slot", OLENA, slot_id=one)
        await shop.done(f"orders/{yours}/slot", TARAS, slot_id=two)
        swap = [
            shop.post(f"orders/{mine}/slot", OLENA, slot_id=two), shop.post(f"orders/{yours}/slot", TARAS, slot_id=one)
        ]  # fmt: skip
        assert [refusal(answer) for answer in await asyncio.gather(*swap)] == [(409, "slot_taken")] * 2


async def test_c8_another_time_is_a_change_of_mind(shop: Shop) -> None:
    """The time before is free again; so often only, and a cancelled order frees its time as well."""
    await shop.offers(CALL)
    with clock.at(NOON):
        found = [await slot(shop, (8 + n) * DAY) for n in range(5)]
        order = await shop.paid(CALL)
        for time in found[:4]:
            await shop.done(f"orders/{order}/slot", OLENA, slot_id=time)
        over = await shop.post(f"orders/{order}/slot", OLENA, slot_id=found[4])
        assert refusal(over) == (409, "too_many_changes")
        assert await times(shop, TARAS) == [*found[:3], found[4]]
        await shop.done(f"orders/{order}/cancellation", OLENA)
        assert await times(shop, TARAS) == found
        assert (await shop.seen(order))["call_at"] is None
    assert [said.changes for said in await shop.said(OrderChanged)] == [1, 2, 3]


async def test_c3_a_call_begins_at_its_time(shop: Shop) -> None:
    """Not before it is booked, and not a microsecond early."""
    await shop.offers(CALL)
    with clock.at(NOON):
        time, order = await slot(shop), await shop.paid(CALL)
        assert refusal(await shop.post(f"orders/{order}/start", ANNA)) == (409, "call_not_booked")
        await shop.done(f"orders/{order}/slot", OLENA, slot_id=time)
    with clock.at(NOON + 10 * DAY - TICK):
        early = await shop.post(f"orders/{order}/start", ANNA)
        assert refusal(early) == (409, "call_not_yet")
        assert moment(early.json()["call_at"]) == NOON + 10 * DAY
        assert "start" not in (await shop.status(order, ANNA))["may"]
    with clock.at(NOON + 10 * DAY):
        assert "start" in (await shop.status(order, ANNA))["may"]
        await shop.done(f"orders/{order}/start", ANNA)
        assert refusal(await shop.post(f"orders/{order}/slot", OLENA, slot_id=time)) == (409, "work_began")


async def test_c3_what_has_no_call_or_is_not_paid_books_none(shop: Shop) -> None:
    await shop.offers(CALL, "one_question")
    await shop.offers(CALL, by=BORIS)
    with clock.at(NOON):
        time = await slot(shop)
        unpaid, other = await shop.placed(CALL), await shop.paid("one_question")
        elsewhere = await shop.paid(CALL, to=BORIS)
        assert refusal(await shop.post(f"orders/{unpaid}/slot", OLENA, slot_id=time)) == (409, "not_paid")
        assert refusal(await shop.post(f"orders/{other}/slot", OLENA, slot_id=time)) == (409, "no_call")
        assert refusal(await shop.post(f"orders/{elsewhere}/slot", OLENA, slot_id=time)) == (404, "slot_unknown")
        assert refusal(await shop.post(f"orders/{elsewhere}/slot", OLENA, slot_id=unpaid)) == (404, "slot_unknown")
        assert await times(shop, STRANGE_CLIENT) == []


async def test_c3_times_that_overlap_are_not_both_offered(shop: Shop) -> None:
    """Back to back is no overlap, and what one specialist offers is nothing to another; also at once."""
    with clock.at(NOON):
        await slot(shop, 10 * DAY, 60)
        for after in (10 * DAY - HOUR + TICK, 10 * DAY, 10 * DAY + HOUR - TICK):
            answer = await shop.post("slots", ANNA, starts_at=(NOON + after).isoformat(), minutes=60)
            assert refusal(answer) == (409, "slot_overlaps")
        await slot(shop, 10 * DAY + HOUR, 60)
        await slot(shop, 10 * DAY - HOUR, 60)
        await slot(shop, 10 * DAY, 60, BORIS)
        near = [
            shop.post("slots", ANNA, starts_at=(NOON + 12 * DAY + n * TICK).isoformat(), minutes=60) for n in range(4)
        ]
        answers = await after_all_have_read(shop.intake, "slots", near)
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_c3_times_offered_are_bounded_and_can_be_withdrawn(shop: Shop) -> None:
    """But not one that somebody has booked, nor by anybody else."""
    await shop.offers(CALL)
    await shop.rules(slots_at_most=2)
    with clock.at(NOON):
        one, two = await slot(shop), await slot(shop, 11 * DAY)
        late = await shop.post("slots", ANNA, starts_at=(NOON + 12 * DAY).isoformat(), minutes=50)
        assert refusal(late) == (409, "too_many_slots")
        order = await shop.paid(CALL)
        await shop.done(f"orders/{order}/slot", OLENA, slot_id=one)
        for by, time, answer in [
            (ANNA, one, (409, "slot_taken")), (BORIS, two, (404, "slot_unknown")), (ANNA, order, (404, "slot_unknown")),
        ]:  # fmt: skip
            assert refusal(await shop.http.delete(f"slots/{time}", headers=shop.as_(by))) == answer
        assert (await shop.http.delete(f"slots/{two}", headers=shop.as_(ANNA))).status_code == 204
        assert await times(shop, ANNA) == [one]
        await slot(shop, 12 * DAY)
    with clock.at(NOON + 13 * DAY):
        for days in (30, 31):
            await slot(shop, days * DAY)


@pytest.mark.parametrize("told", [
    {"minutes": 9}, {"minutes": 481}, {"minutes": 10**30}, {"starts_at": "2026-03-12T12:00:00"}, {"starts_at": "soon"},
    {"starts_at": "9999-12-31T23:59:59.999999Z"}, {"starts_at": "0001-01-01T00:00:00Z"}, {"order_id": None},
])  # fmt: skip
async def test_a_time_that_cannot_be_meant_is_refused(shop: Shop, told: dict[str, Any]) -> None:
    with clock.at(NOON):
        sent: dict[str, Any] = {"starts_at": (NOON + 10 * DAY).isoformat(), "minutes": 50} | told
        assert (await shop.post("slots", ANNA, **sent)).status_code == 422


async def test_c3_a_call_needs_no_link(shop: Shop) -> None:
    await shop.offers(CALL)
    with clock.at(NOON):
        time, order = await slot(shop), await shop.paid(CALL)
        await shop.done(f"orders/{order}/slot", OLENA, slot_id=time)
    with clock.at(NOON + 10 * DAY):
        await shop.done(f"orders/{order}/start", ANNA)
        assert (await shop.done(f"orders/{order}/delivery", ANNA, link=None))["state"] == "delivered"
        assert (await shop.done(f"orders/{order}/delivery", ANNA, link=LINK))["linked"] is True
