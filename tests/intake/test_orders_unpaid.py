"""Orders that nobody pays: until when they wait, and how they end."""

import asyncio
from datetime import datetime

from libs.events.orders import OrderCancelled, OrderExpired, OrderPaid
from libs.kit import clock
from services.intake.jobs import expire_orders, time_stands
from tests.intake.shop import DAY, NOON, TICK, Shop, after_all_have_read, moment, refusal
from tests.people import ANNA, OLENA, TARAS

RECORDING = "planned_recording"
WEEK = 7 * DAY


async def time_passes(shop: Shop, at: datetime) -> None:
    with clock.at(at):
        await expire_orders(shop.intake.database, at)


async def ended(shop: Shop, order: str) -> tuple[object, ...]:
    seen = await shop.seen(order)
    return seen["state"], seen["cancelled_by"]


async def test_c8_the_status_page_says_until_when_an_order_is_to_be_paid(shop: Shop) -> None:
    """As the house's rules were when it was placed: to change them moves nobody's day."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        order = await shop.placed(RECORDING)
        await shop.rules(pay_within="P2D")
        later = await shop.placed(RECORDING, TARAS)
        assert moment((await shop.status(order))["order"]["pay_by"]) == NOON + WEEK
        assert moment((await shop.status(later, TARAS))["order"]["pay_by"]) == NOON + 2 * DAY
    await time_passes(shop, NOON + 2 * DAY)
    assert await ended(shop, order) == ("placed", None)
    assert (await shop.seen(later, TARAS))["cancelled_by"] == "time"


async def test_c8_an_order_that_nobody_paid_is_off_at_that_moment(shop: Shop) -> None:
    """Not a microsecond before; what was paid or cancelled stays as it is, and a new order may be placed instead."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        await shop.rules(unpaid_at_most=1)
        cancelled = await shop.placed(RECORDING)
        await shop.done(f"orders/{cancelled}/cancellation", OLENA)
        paid = await shop.paid(RECORDING)
        order = await shop.placed(RECORDING)
    await time_passes(shop, NOON + WEEK - TICK)
    assert await ended(shop, order) == ("placed", None)
    await time_passes(shop, NOON + WEEK)
    assert [await ended(shop, each) for each in (cancelled, paid, order)] == [
        ("cancelled", "client"), ("paid", None), ("cancelled", "time"),
    ]  # fmt: skip
    [said] = await shop.said(OrderExpired)
    assert (str(said.order_id), said.at, len(await shop.said(OrderCancelled))) == (order, NOON + WEEK, 1)
    with clock.at(NOON + WEEK):
        assert refusal(await shop.post(f"orders/{order}/payment", ANNA)) == (409, "order_cancelled")
        assert (await shop.status(order))["may"] == []
        assert (await shop.order(RECORDING)).status_code == 201


async def test_c8_an_order_expires_once_on_however_many_instances(shop: Shop) -> None:
    await shop.offers(RECORDING)
    with clock.at(NOON):
        orders = [await shop.placed(RECORDING) for _ in range(5)]
    await asyncio.gather(*(time_passes(shop, NOON + WEEK) for _ in range(8)))
    assert sorted(str(said.order_id) for said in await shop.said(OrderExpired)) == sorted(orders)


async def test_c8_of_a_payment_and_the_end_of_its_time_one_comes_first(shop: Shop) -> None:
    """Whoever is second gets a definite answer: paid at last, or off and not paid."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        orders = [await shop.placed(RECORDING) for _ in range(4)]
    with clock.at(NOON + WEEK):
        pays = [shop.post(f"orders/{order}/payment", OLENA) for order in orders]
        answers = (
            await asyncio.gather(after_all_have_read(shop.intake, "orders", pays), time_passes(shop, NOON + WEEK))
        )[0]
    paid = {answer.json()["id"] for answer in answers if answer.is_success}
    assert {refusal(answer) for answer in answers if not answer.is_success} <= {(409, "order_cancelled")}
    assert {str(said.order_id) for said in await shop.said(OrderPaid)} == paid
    assert {str(said.order_id) for said in await shop.said(OrderExpired)} == set(orders) - paid


async def test_c8_no_order_expires_while_time_stands(shop: Shop) -> None:
    await shop.offers(RECORDING)
    with clock.at(NOON):
        await shop.placed(RECORDING)
    async with time_stands(shop.intake.database):
        await time_passes(shop, NOON + WEEK)
    assert await shop.said(OrderExpired) == []
