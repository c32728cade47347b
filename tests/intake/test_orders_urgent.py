"""A first word that says urgent, and the brake on saying so for nothing."""

import pytest

from libs.events.orders import OrderPlaced
from libs.kit import clock
from tests.intake.shop import DAY, NOON, TICK, Shop, after_all_have_read
from tests.people import OLENA, TARAS

RECORDING = "planned_recording"
HELP = ["Терміново! Що робити?"]


@pytest.mark.parametrize(
    ("asked", "urgency"),
    [
        (HELP, "urgent"), (["SOS"], "urgent"), (["Спешно ми трябва съвет"], "urgent"), (["Urgent"], "urgent"),
        (["срочность не важна"], "none"), (["It is urgent"], "none"), (["How?", "Срочно!"], "none"),
    ],
)  # fmt: skip
async def test_c12_the_first_word_of_the_first_question_decides(shop: Shop, asked: list[str], urgency: str) -> None:
    """And the bus hears that it did, not the word."""
    await shop.offers(RECORDING)
    order = (await shop.order(RECORDING, asked=asked)).json()
    assert order["urgency"] == urgency
    assert [said.urgent for said in await shop.said(OrderPlaced)] == [urgency == "urgent"]


async def test_c12_the_urgent_come_first_each_in_turn(shop: Shop) -> None:
    """Ahead of who paid before, and behind who was urgent before."""
    await shop.offers(RECORDING)
    orders = []
    for n, (who, asked) in enumerate([(OLENA, ["a"]), (TARAS, HELP), (OLENA, ["b"]), (OLENA, HELP)]):
        with clock.at(NOON + n * TICK):
            orders.append((await shop.paid(RECORDING, who, asked=asked), who))
    assert [(await shop.status(order, who))["position"] for order, who in orders] == [3, 1, 4, 2]


async def test_c12_false_urgency_has_a_brake(shop: Shop) -> None:
    """Two within thirty days, to the microsecond; over it the order is as any other, and its client is told."""
    await shop.offers(RECORDING)
    for at, urgency in [
        (NOON, "urgent"), (NOON + DAY, "urgent"), (NOON + 2 * DAY, "braked"),
        (NOON + 30 * DAY - TICK, "braked"), (NOON + 30 * DAY, "urgent"), (NOON + 30 * DAY + TICK, "braked"),
    ]:  # fmt: skip
        with clock.at(at):
            order = await shop.paid(RECORDING, asked=HELP)
            assert (await shop.seen(order))["urgency"] == urgency, at
    with clock.at(NOON + 3 * DAY):
        assert (await shop.order(RECORDING, TARAS, asked=HELP)).json()["urgency"] == "urgent"
        assert (await shop.order(RECORDING, asked=["calm"])).json()["urgency"] == "none"
    assert sum(said.urgent for said in await shop.said(OrderPlaced)) == 4


async def test_c12_many_at_once_do_not_outrun_the_brake(shop: Shop) -> None:
    await shop.offers(RECORDING)
    await shop.rules(unpaid_at_most=20)
    placing = [shop.order(RECORDING, asked=HELP) for _ in range(6)]
    answers = await after_all_have_read(shop.intake, "orders", placing)
    assert sorted(answer.json()["urgency"] for answer in answers) == ["braked"] * 4 + ["urgent"] * 2
