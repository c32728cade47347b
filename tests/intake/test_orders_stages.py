"""Work in several stages, each on a date agreed with this very person."""

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest

from libs.events.orders import StageReached
from libs.kit import clock
from tests.intake.shop import DAY, HOUR, NOON, TICK, Shop, refusal
from tests.people import ANNA, BORIS, OLENA

STAGES = "multi_stage"


async def plan(shop: Shop, order: str, number: int, on: datetime, by: Any = ANNA) -> Any:
    return await shop.put(f"orders/{order}/stages/{number}", by, on=on.isoformat())


async def agree(shop: Shop, order: str, number: int, on: datetime) -> Any:
    return await shop.post(f"orders/{order}/stages/{number}/agreement", OLENA, on=on.isoformat())


async def complete(shop: Shop, order: str, number: int) -> Any:
    return await shop.post(f"orders/{order}/stages/{number}/completion", ANNA)


async def test_c5_stages_are_agreed_one_by_one_and_done(shop: Shop) -> None:
    """Proposed by the specialist, agreed by the client, done; delivered when all are, and each said once."""
    await shop.offers(STAGES)
    with clock.at(NOON):
        order = await shop.started(STAGES)
        assert refusal(await shop.post(f"orders/{order}/delivery", ANNA, link=None)) == (409, "stages_open")
        for number in (1, 2):
            assert (await plan(shop, order, number, NOON + number * DAY)).status_code == 200
            for _ in range(2):
                assert (await agree(shop, order, number, NOON + number * DAY)).status_code == 200
        for _ in range(2):
            assert (await complete(shop, order, 1)).status_code == 200
        assert refusal(await shop.post(f"orders/{order}/delivery", ANNA, link=None)) == (409, "stages_open")
        assert "deliver" not in (await shop.status(order, ANNA))["may"]
        assert (await complete(shop, order, 2)).status_code == 200
        assert "deliver" in (await shop.status(order, ANNA))["may"]
        await shop.done(f"orders/{order}/delivery", ANNA, link=None)
        assert refusal(await plan(shop, order, 3, NOON + 9 * DAY)) == (409, "already_delivered")
        assert (await shop.status(order))["wait"]["basis"] == "done"
    said = [(each.stage, each.done) for each in await shop.said(StageReached)]
    assert said == [(1, False), (2, False), (1, True), (2, True)]


async def test_c5_another_date_is_agreed_anew(shop: Shop) -> None:
    """And whoever agrees to a date that has changed meanwhile has agreed to nothing."""
    await shop.offers(STAGES)
    with clock.at(NOON):
        order = await shop.paid(STAGES)
        await plan(shop, order, 1, NOON + DAY)
        assert (await agree(shop, order, 1, NOON + DAY)).status_code == 200
        same = (await plan(shop, order, 1, NOON + DAY)).json()["stages"]
        assert same[0]["agreed_at"] is not None
        moved = (await plan(shop, order, 1, NOON + 2 * DAY)).json()["stages"]
        assert moved[0]["agreed_at"] is None
        assert refusal(await agree(shop, order, 1, NOON + DAY)) == (409, "stage_moved")
        assert refusal(await complete(shop, order, 1)) == (409, "stage_not_agreed")
        assert (await agree(shop, order, 1, NOON + 2 * DAY)).status_code == 200
        assert (await complete(shop, order, 1)).status_code == 200
        assert refusal(await plan(shop, order, 1, NOON + 3 * DAY)) == (409, "stage_done")


async def test_c5_whoever_agrees_while_the_date_is_changed_has_not_agreed_to_another(shop: Shop) -> None:
    """Which of the two came first or not, the stage is on the new date, and nobody has agreed to it yet."""
    await shop.offers(STAGES)
    with clock.at(NOON):
        orders = [await shop.paid(STAGES) for _ in range(8)]
        for order in orders:
            await plan(shop, order, 1, NOON + DAY)
            await asyncio.gather(agree(shop, order, 1, NOON + DAY), plan(shop, order, 1, NOON + 2 * DAY))
            [stage] = (await shop.get(f"orders/{order}/stages")).json()["stages"]
            assert (stage["on"], stage["agreed_at"]) == ((NOON + 2 * DAY).isoformat().replace("+00:00", "Z"), None)


async def test_c5_stages_are_numbered_bounded_and_to_come(shop: Shop) -> None:
    await shop.offers(STAGES, "one_question")
    await shop.rules(stages_at_most=2)
    with clock.at(NOON):
        order, other = await shop.placed(STAGES), await shop.placed("one_question")
        assert refusal(await plan(shop, other, 1, NOON + DAY)) == (409, "no_stages")
        for number in (0, 2, -1, 10**30):
            assert refusal(await plan(shop, order, number, NOON + DAY)) == (404, "stage_unknown")
        for on in (NOON, NOON + 730 * DAY + TICK, datetime.max.replace(tzinfo=timezone(-14 * HOUR))):
            assert refusal(await plan(shop, order, 1, on)) == (422, "stage_outside_window")
        assert (await plan(shop, order, 1, NOON + TICK)).status_code == 200
        assert (await plan(shop, order, 2, NOON + DAY)).status_code == 200
        assert refusal(await plan(shop, order, 3, NOON + DAY)) == (409, "too_many_stages")
        assert refusal(await plan(shop, order, 1, NOON + DAY, BORIS)) == (404, "order_unknown")
        assert (await agree(shop, order, 1, NOON + TICK)).status_code == 200
        assert refusal(await complete(shop, order, 1)) == (409, "not_paid")
        assert refusal(await agree(shop, order, 3, NOON + DAY)) == (404, "stage_unknown")
        assert len((await shop.get(f"orders/{order}/stages")).json()["stages"]) == 2
        await shop.done(f"orders/{order}/cancellation", ANNA)
        assert refusal(await agree(shop, order, 2, NOON + DAY)) == (409, "order_cancelled")


@pytest.mark.parametrize("on", ["2026-04-01T12:00:00", "tomorrow", None])
async def test_a_stage_on_no_date_is_refused(shop: Shop, on: str | None) -> None:
    await shop.offers(STAGES)
    order = await shop.placed(STAGES)
    assert refusal(await shop.put(f"orders/{order}/stages/1", ANNA, on=on)) == (422, "invalid_request")


async def test_c5_individual_work_has_no_range_but_dates(shop: Shop) -> None:
    """Agreed per person: no queue could tell."""
    await shop.offers(STAGES)
    order = await shop.paid(STAGES)
    assert (await shop.status(order))["wait"] == {
        "basis": "agreement", "earliest": None, "latest": None, "deliveries": 0,
    }  # fmt: skip
