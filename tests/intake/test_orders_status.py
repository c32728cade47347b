"""The status page: where am I, how long does it take, what is included, what can I do."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from libs.bus.ids import uuid7
from libs.events.orders import OrderReopened
from libs.kit import clock
from services.intake.domain.orders import Delivered, Order, place_key
from services.intake.domain.orders.queue import pace
from services.intake.domain.rules import OrderRules
from services.intake.queries.orders import order_of
from services.intake.tables.orders import OrderRow
from tests.intake.shop import DAY, HOUR, LINK, NOON, Shop, after_all_have_read, clients, moment, refusal
from tests.people import ANNA, BORIS, OLENA, TARAS, THERAPY

RECORDING, QUESTION = "planned_recording", "one_question"


async def lived(shop: Shop, past: list[Delivered], kind: str = RECORDING, *, urgency: str = "none") -> None:
    """Deliveries that the specialist has made."""
    rows = [
        {
            "id": uuid7(), "tenant": THERAPY, "client_id": uuid7(), "specialist_id": ANNA.id, "kind": kind,
            "terms_version": 1, "placed_at": each.paid_at, "questions": 1, "urgency": urgency, "paid_at": each.paid_at,
            "paid_said_by": "client", "started_at": each.paid_at, "delivered_at": each.delivered_at,
        }
        for each in past
    ]  # fmt: skip
    async with shop.intake.database.session("*") as tx:
        await tx.execute(insert(OrderRow), rows)


def past(size: int, *, before: timedelta = DAY) -> list[Delivered]:
    return [Delivered(NOON - before - (n % 7 + 1) * DAY, NOON - before - n * HOUR) for n in range(size)]


async def test_c13_a_client_sees_place_wait_terms_and_what_may_be_done(shop: Shop) -> None:
    """From placing to delivery; before the payment, what paying now would mean."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        await shop.paid(RECORDING, TARAS)
        order = await shop.placed(RECORDING)
        status = await shop.status(order)
        assert (status["position"], status["may"]) == (None, ["ask", "cancel", "change", "pay"])
        assert moment(status["wait"]["earliest"]) == NOON + 4 * DAY
        assert moment(status["wait"]["latest"]) == NOON + 14 * DAY
        assert "result_link" in status["terms"]["includes"]
        assert "client_support" in status["terms"]["excludes"]
        assert (await shop.status(order, ANNA))["may"] == ["cancel", "pay"]
        await shop.done(f"orders/{order}/payment", OLENA)
        status = await shop.status(order)
        assert (status["position"], status["may"]) == (2, ["ask", "cancel", "change", "nudge"])
        assert (await shop.status(order, ANNA))["may"] == ["cancel", "start"]
        await shop.done(f"orders/{order}/start", ANNA)
        status = await shop.status(order)
        assert (status["position"], status["may"], status["wait"]["basis"]) == (None, ["nudge"], "in_work")
        assert (await shop.status(order, ANNA))["may"] == ["cancel", "deliver"]
        await shop.done(f"orders/{order}/delivery", ANNA, link=LINK)
        assert (await shop.status(order))["may"] == ["report_link"]
        assert (await shop.status(order, ANNA))["may"] == []


async def test_c13_what_the_page_offers_is_what_is_done(shop: Shop) -> None:
    """At each step of many lives of orders: what may be done succeeds, and nothing else does."""
    chance = random.Random(7)
    steps: dict[str, tuple[Any, str, dict[str, Any]]] = {
        "pay": (OLENA, "payment", {}), "ask": (OLENA, "questions", {"questions": ["?"]}), "start": (ANNA, "start", {}),
        "change": (OLENA, "changes", {"questions": ["?"]}), "nudge": (OLENA, "nudges", {}),
        "cancel": (OLENA, "cancellation", {}), "deliver": (ANNA, "delivery", {"link": LINK}),
        "report_link": (OLENA, "delivery/report", {}),
    }  # fmt: skip
    again = {"pay": "payment", "cancel": "cancellation", "start": "start", "deliver": "delivery"}
    await shop.offers(RECORDING, QUESTION)
    await shop.rules(cancels_at_most=1, unpaid_at_most=50)
    for life in range(12):
        order = await shop.placed(chance.choice([RECORDING, QUESTION]))
        for turn in range(7):
            name = chance.choice(sorted(steps))
            by, path, told = steps[name]
            with clock.at(NOON + (life * 10 + turn) * DAY * chance.choice([0, 1])):
                before = await shop.status(order, by)
                answer = await shop.post(f"orders/{order}/{path}", by, **told)
                after = await shop.status(order, by)
            # Saying once more what is so already succeeds, and changes nothing.
            unchanged = before["order"] == after["order"] and (name in again or name == "report_link")
            assert answer.is_success == (name in before["may"]) or (answer.is_success and unchanged), (name, before)


@pytest.mark.parametrize("seed", range(3))
async def test_c4_places_in_the_database_are_those_of_the_rules(shop: Shop, seed: int) -> None:
    """After any number of payments, starts, cancellations, nudges and questions: 1 to n, as domain orders them."""
    chance = random.Random(seed)
    await shop.offers(RECORDING)
    await shop.offers(RECORDING, by=BORIS)
    orders = []
    for n, who in enumerate(clients(8)):
        asked = [chance.choice(["sos", "hello"])]
        with clock.at(NOON + chance.randint(0, 2) * HOUR):
            orders.append((await shop.paid(RECORDING, who, asked=asked), who))
            if n % 3 == 0:
                await shop.paid(RECORDING, who, to=BORIS)
    async with shop.intake.database.session("*") as tx:
        known: list[Order] = [await order_of(tx, order) for order, _ in orders]  # type: ignore[arg-type]
    in_turn = [str(order.id) for order in sorted(known, key=place_key)]
    for gone, step, by in [(in_turn[2], "start", ANNA), (in_turn[5], "cancellation", ANNA)]:
        await shop.done(f"orders/{gone}/{step}", by)
    with clock.at(NOON + DAY):
        for order, who in orders:
            if order not in {in_turn[2], in_turn[5]}:
                await shop.done(f"orders/{order}/nudges", who)
                await shop.done(f"orders/{order}/questions", who, questions=["more"])
    left = [order for n, order in enumerate(in_turn) if n not in {2, 5}]
    places = {order: (await shop.status(order, who))["position"] for order, who in orders}
    assert sorted(filter(None, places.values())) == list(range(1, 7))
    assert sorted(left, key=lambda order: places[order]) == left


async def test_c4_the_wait_is_that_of_the_specialists_own_deliveries(shop: Shop) -> None:
    """Of this kind, the newest fifty of the last half year, told again by the formula; and it says so.

    What was urgent went past the queue, and says nothing of how long it is.
    """
    await shop.offers(RECORDING, QUESTION)
    recent = past(12)
    await lived(shop, recent[:6], urgency="braked")
    await lived(shop, recent[6:])
    await lived(shop, past(10, before=HOUR), urgency="urgent")
    await lived(shop, past(30), QUESTION)
    await lived(shop, [Delivered(NOON - 300 * DAY, NOON - 200 * DAY)] * 5)
    with clock.at(NOON):
        await shop.paid(RECORDING, TARAS)
        order = await shop.paid(RECORDING)
        wait = (await shop.status(order))["wait"]
        least, most = pace(2, recent, (), OrderRules())
    assert (wait["basis"], wait["deliveries"]) == ("history", 12)
    assert abs(moment(wait["earliest"]) - NOON - least) < timedelta(milliseconds=1)
    assert abs(moment(wait["latest"]) - NOON - most) < timedelta(milliseconds=1)


async def test_c4_what_is_long_ago_gives_way_to_what_is_new(shop: Shop) -> None:
    """Fifty deliveries are enough, and they are the newest."""
    await shop.offers(RECORDING)
    recent = past(50)
    await lived(shop, [Delivered(NOON - 60 * DAY, NOON - 20 * DAY)] * 50)
    await lived(shop, recent)
    with clock.at(NOON):
        wait = (await shop.status(await shop.paid(RECORDING)))["wait"]
    least, most = pace(1, recent, (), OrderRules())
    assert wait["deliveries"] == 50
    assert abs(moment(wait["earliest"]) - NOON - least) < timedelta(milliseconds=1)
    assert abs(moment(wait["latest"]) - NOON - most) < timedelta(milliseconds=1)


async def test_c4_a_thin_history_says_what_the_terms_say(shop: Shop) -> None:
    await shop.offers(QUESTION)
    await lived(shop, past(9), QUESTION)
    with clock.at(NOON):
        wait = (await shop.status(await shop.paid(QUESTION)))["wait"]
    assert (wait["basis"], wait["deliveries"]) == ("terms", 9)
    assert (moment(wait["earliest"]), moment(wait["latest"])) == (NOON + 3 * DAY, NOON + 7 * DAY)


async def test_c4_holidays_are_named_and_shift_the_wait(shop: Shop) -> None:
    """In the house's zone, Moscow: midnight there is nine in the evening by UTC."""
    await shop.offers(QUESTION)
    named = {"holidays": [{"first": "2026-03-07", "last": "2026-03-08"}, {"first": "2026-03-03", "last": "2026-03-03"}]}
    with clock.at(NOON):
        order = await shop.paid(QUESTION)
        assert (await shop.put("holidays", ANNA, **named)).status_code == 200
        wait = (await shop.status(order))["wait"]
        assert moment(wait["earliest"]) == NOON + 4 * DAY
        assert moment(wait["latest"]) == NOON + 10 * DAY
        await shop.put("holidays", ANNA, holidays=[])
        assert moment((await shop.status(order))["wait"]["latest"]) == NOON + 7 * DAY
    assert (await shop.get("holidays", ANNA)).json() == {"holidays": []}


@pytest.mark.parametrize("holiday", [
    {"first": "2026-03-04", "last": "2026-03-03"}, {"first": "2026-03-04", "last": "9999-12-31"},
    {"first": "0001-01-01", "last": "2026-03-03"}, {"first": "2026-03-04", "last": "2028-03-02"},
])  # fmt: skip
async def test_c4_holidays_that_cannot_be_meant_are_refused(shop: Shop, holiday: dict[str, str]) -> None:
    """Upside down, or for years."""
    with clock.at(NOON):
        assert refusal(await shop.put("holidays", ANNA, holidays=[holiday])) == (422, "holiday_malformed")
        most = [{"first": f"2026-04-{n % 30 + 1:02}", "last": "2026-05-01"} for n in range(51)]
        assert refusal(await shop.put("holidays", ANNA, holidays=most)) == (422, "holiday_malformed")
    assert (await shop.put("holidays", OLENA, holidays=[])).status_code == 403


async def test_c8_many_cancel_at_once_and_only_as_often_as_they_may(shop: Shop) -> None:
    """Each would be the last that may be, if they did not wait for one another."""
    await shop.offers(RECORDING)
    orders = [await shop.paid(RECORDING) for _ in range(5)]
    cancelling = [shop.post(f"orders/{order}/cancellation", OLENA) for order in orders]
    answers = await after_all_have_read(shop.intake, "orders", cancelling)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409]


async def test_a_start_and_a_cancellation_at_once_have_one_winner(shop: Shop) -> None:
    """The row is the referee: the other hears what the order has become."""
    await shop.offers(RECORDING)
    for _ in range(5):
        order = await shop.paid(RECORDING, clients(1)[0])
        start, off = await asyncio.gather(
            shop.post(f"orders/{order}/start", ANNA), shop.post(f"orders/{order}/cancellation", ANNA)
        )
        state = (await shop.seen(order, ANNA))["state"]
        assert off.status_code == 200
        assert state == "cancelled"
        assert start.is_success or refusal(start) == (409, "order_cancelled")


async def test_b18_payments_confirmed_by_both_at_once_are_one(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.placed(RECORDING)
    both = await asyncio.gather(*(shop.post(f"orders/{order}/payment", side) for side in (OLENA, ANNA)))
    assert [answer.status_code for answer in both] == [200, 200]
    assert both[0].json() == both[1].json()
    assert await shop.rows("SELECT count(*) FROM outbox WHERE convert_from(value, 'UTF8') LIKE '%OrderPaid%'") == [(1,)]


async def test_c6_nudges_at_once_are_one(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.paid(RECORDING)
    answers = await asyncio.gather(*(shop.post(f"orders/{order}/nudges", OLENA) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 429, 429, 429]


async def test_c1_a_link_that_does_not_open_is_told_once_however_often_it_is_pressed(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.delivered(RECORDING)
    answers = await asyncio.gather(*(shop.post(f"orders/{order}/delivery/report", OLENA) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert [said.reports for said in await shop.said(OrderReopened)] == [1]


async def test_c1_questions_at_once_get_a_number_each(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.placed(RECORDING)
    asking = (shop.post(f"orders/{order}/questions", OLENA, questions=[f"{n}?"]) for n in range(5))
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {201}
    found = (await shop.get(f"orders/{order}/questions")).json()["questions"]
    assert [each["number"] for each in found] == list(range(1, 7))
    assert (await shop.seen(order))["questions"] == 6
