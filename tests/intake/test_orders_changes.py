"""Changes of mind: nudges, other questions, cancellations, and how many there may be."""

from typing import Any

import pytest

from libs.events.orders import OrderCancelled, OrderChanged, OrderNudged, OrderPaid
from libs.kit import clock
from tests.intake.shop import DAY, HOUR, LINK, NOON, TICK, Shop, moment, refusal
from tests.people import ANNA, BORIS, OLENA, OMAR, TARAS, Principal

RECORDING = "planned_recording"


async def test_c6_a_nudge_moves_nobody_and_has_a_floor(shop: Shop) -> None:
    """A day between one and the next, up to the microsecond; before the payment there is nothing to ask about."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        first, second = await shop.paid(RECORDING), await shop.paid(RECORDING, TARAS)
        unpaid = await shop.placed(RECORDING)
        assert refusal(await shop.post(f"orders/{unpaid}/nudges", OLENA)) == (409, "not_paid")
        await shop.done(f"orders/{second}/nudges", TARAS)
    with clock.at(NOON + DAY - TICK):
        early = await shop.post(f"orders/{second}/nudges", TARAS)
        assert refusal(early) == (429, "nudged_too_soon")
        assert moment(early.json()["until"]) == NOON + DAY
        assert moment((await shop.status(second, TARAS))["nudge_at"]) == NOON + DAY
        assert "nudge" not in (await shop.status(second, TARAS))["may"]
    with clock.at(NOON + DAY):
        assert "nudge" in (await shop.status(second, TARAS))["may"]
        assert (await shop.done(f"orders/{second}/nudges", TARAS))["nudges"] == 2
        places = [(await shop.status(first))["position"], (await shop.status(second, TARAS))["position"]]
    assert places == [1, 2]
    assert [said.nudges for said in await shop.said(OrderNudged)] == [1, 2]


async def test_c8_an_order_is_changed_a_few_times_and_keeps_its_place(shop: Shop) -> None:
    """Until work begins; what was asked before is forgotten."""
    await shop.offers(RECORDING)
    order, other = await shop.paid(RECORDING), await shop.paid(RECORDING, TARAS)
    for turn in range(3):
        await shop.done(f"orders/{order}/changes", OLENA, questions=[f"Rather {turn}?", "And?"])
    over = await shop.post(f"orders/{order}/changes", OLENA, questions=["No, this?"])
    assert refusal(over) == (409, "too_many_changes")
    assert await shop.words(order) == ["Rather 2?", "And?"]
    assert (await shop.status(order))["position"] == 1
    assert [said.changes for said in await shop.said(OrderChanged)] == [1, 2, 3]
    await shop.done(f"orders/{other}/start", ANNA)
    begun = await shop.post(f"orders/{other}/changes", TARAS, questions=["No, this?"])
    assert refusal(begun) == (409, "questions_closed")


async def test_c8_what_was_paid_is_cancelled_a_few_times_only(shop: Shop) -> None:
    """With one specialist and within a year; what was never paid is no cycle, nor what the specialist lets go of."""
    await shop.offers(RECORDING)
    await shop.offers(RECORDING, by=BORIS)
    with clock.at(NOON):
        await shop.done(f"orders/{await shop.paid(RECORDING)}/cancellation", OLENA)
        await shop.done(f"orders/{await shop.placed(RECORDING)}/cancellation", OLENA)
        await shop.done(f"orders/{await shop.paid(RECORDING)}/cancellation", ANNA)
        await shop.done(f"orders/{await shop.paid(RECORDING)}/cancellation", OLENA)
        third = await shop.paid(RECORDING)
        assert refusal(await shop.post(f"orders/{third}/cancellation", OLENA)) == (409, "cancelled_too_often")
        assert "cancel" not in (await shop.status(third))["may"]
        await shop.done(f"orders/{await shop.paid(RECORDING, to=BORIS)}/cancellation", OLENA)
    with clock.at(NOON + 365 * DAY - TICK):
        assert refusal(await shop.post(f"orders/{third}/cancellation", OLENA)) == (409, "cancelled_too_often")
    with clock.at(NOON + 365 * DAY):
        for _ in range(2):
            await shop.done(f"orders/{third}/cancellation", OLENA)
    said = [(each.by, each.cycles) for each in await shop.said(OrderCancelled)]
    assert said == [("client", 1), ("client", 1), ("specialist", 1), ("client", 2), ("client", 1), ("client", 1)]


async def test_c8_what_was_begun_is_not_cancelled_by_its_client(shop: Shop) -> None:
    """The specialist may still let go of it; what was delivered is delivered."""
    await shop.offers(RECORDING)
    order = await shop.started(RECORDING)
    assert refusal(await shop.post(f"orders/{order}/cancellation", OLENA)) == (409, "work_began")
    await shop.done(f"orders/{order}/cancellation", ANNA)
    there = await shop.delivered(RECORDING)
    for side in (OLENA, ANNA):
        assert refusal(await shop.post(f"orders/{there}/cancellation", side)) == (409, "already_delivered")


async def test_c8_a_cancelled_order_is_over(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.paid(RECORDING)
    await shop.done(f"orders/{order}/cancellation", OLENA)
    steps: list[tuple[str, Principal, dict[str, Any]]] = [
        ("payment", OLENA, {}), ("start", ANNA, {}), ("delivery", ANNA, {"link": LINK}), ("nudges", OLENA, {}),
        ("questions", OLENA, {"questions": ["?"]}), ("changes", OLENA, {"questions": ["?"]}),
    ]  # fmt: skip
    for step, side, told in steps:
        assert refusal(await shop.post(f"orders/{order}/{step}", side, **told)) == (409, "order_cancelled"), step
    assert (await shop.status(order))["may"] == []


async def test_c8_unpaid_orders_are_bounded(shop: Shop) -> None:
    """Per specialist; a paid or cancelled one makes room."""
    await shop.offers(RECORDING)
    await shop.offers(RECORDING, by=BORIS)
    await shop.rules(unpaid_at_most=2)
    await shop.placed(RECORDING, to=BORIS)
    order, _ = await shop.placed(RECORDING), await shop.placed(RECORDING)
    assert refusal(await shop.order(RECORDING)) == (409, "too_many_unpaid")
    assert (await shop.order(RECORDING, TARAS)).status_code == 201
    await shop.done(f"orders/{order}/payment", OLENA)
    assert (await shop.order(RECORDING)).status_code == 201


async def test_b18_either_side_confirms_the_payment_and_once(shop: Shop) -> None:
    """Whoever says so first sets the clock; the other changes nothing."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        order = await shop.placed(RECORDING)
        first = await shop.done(f"orders/{order}/payment", ANNA)
    with clock.at(NOON + HOUR):
        assert await shop.done(f"orders/{order}/payment", OLENA) == first
    assert (first["paid_said_by"], moment(first["paid_at"])) == ("specialist", NOON)
    assert len(await shop.said(OrderPaid)) == 1


@pytest.mark.parametrize("told", [
    {"late_percent": 101}, {"early_percent": -1}, {"history_least": 0}, {"nudge_floor": "-PT1S"}, {"follow_ups": 201},
    {"question_longest": 8001}, {"urgent_within": "P9999999D"}, {"changes_at_most": "many"}, {"recording": False},
])  # fmt: skip
async def test_a_house_rule_of_orders_that_makes_no_sense_is_refused(shop: Shop, told: dict[str, Any]) -> None:
    """Before anybody is judged by it."""
    assert refusal(await shop.post("policies", OMAR, changes={"orders": told})) == (422, "no_such_rule")
