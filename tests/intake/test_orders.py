"""Orders over HTTP: placed, paid, asked, begun and delivered."""

from datetime import timedelta

import pytest

from libs.events.orders import (
    OrderDelivered,
    OrderPaid,
    OrderPlaced,
    OrderReopened,
    OrderStarted,
    QuestionAdded,
)
from libs.kit import clock
from tests.intake.shop import ASKED, DAY, LINK, NOON, TICK, Shop, moment, refusal
from tests.people import ANNA, BORIS, OLENA, TARAS

RECORDING, QUESTION, URGENT = "planned_recording", "one_question", "urgent_work"


async def test_c1_a_planned_recording_from_its_questions_to_its_link(shop: Shop) -> None:
    """Questions, payment, work, a link; each step is said once, and in ids and numbers only."""
    await shop.offers(RECORDING)
    order = await shop.delivered(RECORDING)
    assert (await shop.seen(order))["state"] == "delivered"
    for side in (OLENA, ANNA):
        assert (await shop.get(f"orders/{order}/delivery", side)).json() == {"link": LINK}
        assert await shop.words(order, side) == ASKED
    [placed], [paid] = await shop.said(OrderPlaced), await shop.said(OrderPaid)
    assert (placed.client_id, placed.specialist_id, placed.terms_version) == (OLENA.id, ANNA.id, 1)
    assert (str(paid.order_id), paid.due) == (order, None)
    assert len(await shop.said(OrderStarted)) == 1
    assert [said.late for said in await shop.said(OrderDelivered)] == [False]


async def test_c1_forgotten_questions_are_added_until_work_begins(shop: Shop) -> None:
    """Before and after the payment; not from the start on."""
    await shop.offers(RECORDING)
    order = await shop.placed(RECORDING)
    await shop.done(f"orders/{order}/questions", OLENA, questions=["And my mother?"])
    await shop.done(f"orders/{order}/payment", ANNA)
    await shop.done(f"orders/{order}/questions", OLENA, questions=["And when?", "And where?"])
    await shop.done(f"orders/{order}/start", ANNA)
    late = await shop.post(f"orders/{order}/questions", OLENA, questions=["And why?"])
    assert refusal(late) == (409, "questions_closed")
    assert await shop.words(order) == [*ASKED, "And my mother?", "And when?", "And where?"]
    assert [said.questions for said in await shop.said(QuestionAdded)] == [2, 4]


async def test_c1_questions_are_as_many_and_as_long_as_the_house_allows(shop: Shop) -> None:
    """Both at placing and later, up to the very bound."""
    await shop.offers(RECORDING)
    await shop.rules(questions_at_most=2, question_longest=5)
    assert refusal(await shop.order(RECORDING, asked=["a", "b", "c"])) == (409, "too_many_questions")
    assert refusal(await shop.order(RECORDING, asked=["a" * 6])) == (422, "question_too_long")
    order = await shop.placed(RECORDING, asked=["a" * 5])
    more = f"orders/{order}/questions"
    assert refusal(await shop.post(more, OLENA, questions=["b", "c"])) == (409, "too_many_questions")
    assert refusal(await shop.post(more, OLENA, questions=["b" * 6])) == (422, "question_too_long")
    assert (await shop.post(more, OLENA, questions=["b" * 5])).status_code == 201


async def test_c1_a_recording_is_delivered_with_a_link_and_after_its_start(shop: Shop) -> None:
    await shop.offers(RECORDING)
    order = await shop.placed(RECORDING)
    there = f"orders/{order}/delivery"
    assert refusal(await shop.post(there, ANNA, link=LINK)) == (409, "not_paid")
    await shop.done(f"orders/{order}/payment", OLENA)
    assert refusal(await shop.post(there, ANNA, link=LINK)) == (409, "not_started")
    await shop.done(f"orders/{order}/start", ANNA)
    assert refusal(await shop.post(there, ANNA, link=None)) == (409, "link_missing")
    assert (await shop.get(there)).json() == {"link": None}
    assert (await shop.post(there, ANNA, link=LINK)).status_code == 200


async def test_c1_a_link_that_does_not_open_is_due_again(shop: Shop) -> None:
    """The client says so; twice is once. A wrong link is put right without being told as another delivery."""
    await shop.offers(RECORDING)
    order = await shop.delivered(RECORDING)
    for _ in range(2):
        after = await shop.done(f"orders/{order}/delivery/report", OLENA)
        assert (after["state"], after["linked"], after["reports"]) == ("started", False, 1)
    assert (await shop.get(f"orders/{order}/delivery")).json() == {"link": None}
    await shop.done(f"orders/{order}/delivery", ANNA, link=LINK + "?2")
    await shop.done(f"orders/{order}/delivery", ANNA, link=LINK + "?3")
    assert (await shop.get(f"orders/{order}/delivery")).json() == {"link": LINK + "?3"}
    assert [said.reports for said in await shop.said(OrderReopened)] == [1]
    assert len(await shop.said(OrderDelivered)) == 2


async def test_c1_a_result_is_sent_back_so_often_and_for_so_long(shop: Shop) -> None:
    """Up to the microsecond; and where there is no link there is nothing to open."""
    await shop.offers(RECORDING, QUESTION)
    await shop.rules(reports_at_most=1)
    with clock.at(NOON):
        order, bare = await shop.delivered(RECORDING), await shop.delivered(QUESTION, TARAS, link=None)
    assert refusal(await shop.post(f"orders/{bare}/delivery/report", TARAS)) == (409, "nothing_to_open")
    with clock.at(NOON + 30 * DAY + TICK):
        assert refusal(await shop.post(f"orders/{order}/delivery/report", OLENA)) == (409, "nothing_to_open")
    with clock.at(NOON + 30 * DAY):
        await shop.done(f"orders/{order}/delivery/report", OLENA)
    await shop.done(f"orders/{order}/delivery", ANNA, link=LINK)
    assert refusal(await shop.post(f"orders/{order}/delivery/report", OLENA)) == (409, "too_many_reports")


@pytest.mark.parametrize(("after", "late"), [(DAY - TICK, False), (DAY, False), (DAY + TICK, True)])
async def test_c2_urgent_work_is_due_a_day_after_its_payment(shop: Shop, after: timedelta, late: bool) -> None:
    """Not after its placing; and who comes at the last instant is in time."""
    await shop.offers(URGENT)
    with clock.at(NOON - 5 * DAY):
        order = await shop.placed(URGENT)
    with clock.at(NOON):
        paid = await shop.done(f"orders/{order}/payment", OLENA)
        await shop.done(f"orders/{order}/start", ANNA)
    assert moment(paid["due"]) == NOON + DAY
    with clock.at(NOON + after):
        assert (await shop.done(f"orders/{order}/delivery", ANNA, link=None))["late"] is late
    assert [said.late for said in await shop.said(OrderDelivered)] == [late]
    assert [said.due for said in await shop.said(OrderPaid)] == [NOON + DAY]


async def test_c2_a_result_that_did_not_open_in_time_was_late(shop: Shop) -> None:
    await shop.offers(URGENT)
    with clock.at(NOON):
        order = await shop.delivered(URGENT)
        await shop.done(f"orders/{order}/delivery/report", OLENA)
    with clock.at(NOON + DAY + TICK):
        assert (await shop.done(f"orders/{order}/delivery", ANNA, link=LINK))["late"] is True


async def test_c4_one_question_is_exactly_one(shop: Shop) -> None:
    """A second, a list, or a list in one: the answer names the kind of service that takes them."""
    await shop.offers(QUESTION)
    order = await shop.paid(QUESTION)
    refused = [
        await shop.post(f"orders/{order}/questions", OLENA, questions=["And another?"]),
        await shop.post(f"orders/{order}/changes", OLENA, questions=["One?", "Two?"]),
        await shop.order(QUESTION, TARAS, asked=["One?", "Two?"]),
        await shop.order(QUESTION, TARAS, asked=["1. One?\n2. Two?"]),
        await shop.order(QUESTION, TARAS, asked=["I ask:\n - one\n - two"]),
    ]
    for answer in refused:
        assert refusal(answer) == (409, "one_question_only")
        assert answer.json()["order_instead"] == RECORDING
    assert await shop.words(order) == ASKED
    assert await shop.said(QuestionAdded) == []
    await shop.done(f"orders/{order}/start", ANNA)
    again = await shop.post(f"orders/{order}/questions", OLENA, questions=["And another?"])
    assert refusal(again) == (409, "one_question_only")


@pytest.mark.parametrize("asked", ["Why? I ask you, why?", "1. Is it me?", "Well -\nis it me - or him?"])
async def test_c4_one_question_may_be_asked_as_people_ask(shop: Shop, asked: str) -> None:
    """A question mark more is no list."""
    await shop.offers(QUESTION)
    assert (await shop.order(QUESTION, asked=[asked])).status_code == 201


async def test_c4_an_answer_tolerates_a_few_questions_for_a_while(shop: Shop) -> None:
    """So many and until the very end of so long; they are free and queue nothing."""
    await shop.offers(QUESTION)
    with clock.at(NOON):
        order = await shop.delivered(QUESTION)
    more = f"orders/{order}/questions"
    with clock.at(NOON + 7 * DAY):
        assert (await shop.post(more, OLENA, questions=["And", "then"])).status_code == 201
        assert refusal(await shop.post(more, OLENA, questions=["one", "two"])) == (409, "follow_ups_over")
    with clock.at(NOON + 7 * DAY + TICK):
        assert refusal(await shop.post(more, OLENA, questions=["late"])) == (409, "follow_ups_over")
    with clock.at(NOON + 7 * DAY):
        assert (await shop.post(more, OLENA, questions=["what?"])).json()["follow_ups"] == 3
        assert refusal(await shop.post(more, OLENA, questions=["more"])) == (409, "follow_ups_over")
    assert await shop.words(order) == [*ASKED, "And", "then", "what?"]


async def test_orders_are_listed_newest_first_for_each_side(shop: Shop) -> None:
    """Pages without gap or repetition; the specialist's queue in its turn."""
    await shop.offers(RECORDING)
    with clock.at(NOON):
        orders = [await shop.paid(RECORDING) for _ in range(3)]
        orders.append(await shop.paid(RECORDING, TARAS))
    for path, side, expected in [
        ("orders", OLENA, sorted(orders[:3], reverse=True)), ("orders", ANNA, sorted(orders, reverse=True)),
        (f"queues/{RECORDING}", ANNA, sorted(orders)), ("orders", BORIS, []), (f"queues/{QUESTION}", ANNA, []),
    ]:  # fmt: skip
        found, cursor = [], ""
        while True:
            page = (await shop.get(f"{path}?limit=1{cursor}", side)).json()
            found += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert found == expected
