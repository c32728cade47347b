"""What specialists offer on what terms, and that an order is placed on terms that were read."""

from typing import Any

import pytest

from libs.kit import clock
from services.intake.domain.orders.terms import PARTS
from tests.intake.shop import DAY, HOUR, LINK, NOON, PRICE, Shop, after_all_have_read, moment, refusal
from tests.people import ANNA, BORIS, MARTA, OLENA, STRANGE_CLIENT, TARAS

KINDS = ["planned_recording", "urgent_work", "planned_call", "one_question", "multi_stage"]


async def listed(shop: Shop, by: Any = OLENA, of: Any = ANNA) -> dict[str, Any]:
    answer = await shop.get(f"service-kinds?specialist_id={of.id}", by)
    assert answer.status_code == 200
    return {each["kind"]: each for each in answer.json()}


async def test_c14_every_kind_has_terms_that_a_machine_can_read(shop: Shop) -> None:
    """What is included and what is not, together everything; how long it takes, from when, and what it costs."""
    await shop.offers(*KINDS)
    found = await listed(shop)
    assert sorted(found) == sorted(KINDS)
    for terms in found.values():
        assert sorted(terms["includes"] + terms["excludes"]) == sorted(PARTS)
        assert (terms["terms_version"], terms["price"], terms["offered"]) == (1, PRICE, True)
    told = {kind: (terms["clock"], terms["wait_least"], terms["wait_most"]) for kind, terms in found.items()}
    assert told == {
        "planned_recording": ("queue", "P4D", "P14D"), "one_question": ("queue", "P3D", "P7D"),
        "urgent_work": ("from_payment", "PT0S", "P1D"), "planned_call": ("appointment", "P7D", "P21D"),
        "multi_stage": ("agreement", None, None),
    }  # fmt: skip


async def test_c3_a_client_may_always_record_and_sees_it(shop: Shop) -> None:
    """With the terms and with each order; nobody can say otherwise."""
    await shop.offers(*KINDS)
    assert {terms["recording_allowed"] for terms in (await listed(shop)).values()} == {True}
    order = await shop.placed("planned_call")
    assert (await shop.seen(order))["recording_allowed"] is True
    assert refusal(await shop.offer("planned_call", seen=1, recording_allowed=False)) == (422, "invalid_request")


async def test_c4_one_question_never_includes_support_or_correspondence(shop: Shop) -> None:
    await shop.offers("one_question")
    terms = (await listed(shop))["one_question"]
    assert {"client_support", "regular_correspondence"} <= set(terms["excludes"])
    for part in ("client_support", "regular_correspondence", "added_questions", "live_call"):
        assert refusal(await shop.offer("one_question", seen=1, also=[part])) == (422, "not_part_of_this")
    assert (await shop.offer("planned_recording", also=["client_support"])).json()["includes"] == [
        "added_questions", "client_support", "recorded_answer", "result_link",
    ]  # fmt: skip


async def test_c8_terms_are_acknowledged_by_their_version(shop: Shop) -> None:
    """An older one, or one that is not there yet, is refused with the one that binds."""
    await shop.offers("one_question")
    assert (await shop.offer("one_question", seen=1, price=PRICE | {"most": 300_000})).json()["terms_version"] == 2
    for version in (1, 3):
        answer = await shop.order("one_question", version=version)
        assert refusal(answer) == (409, "terms_changed")
        assert answer.json()["terms_version"] == 2
    assert (await shop.order("one_question", version=2)).json()["terms_version"] == 2


async def test_c14_what_was_acknowledged_stays_as_it_was_read(shop: Shop) -> None:
    """Whatever the specialist offers since, and whatever the house made of its numbers."""
    await shop.offers("urgent_work")
    with clock.at(NOON):
        order = await shop.placed("urgent_work")
    await shop.rules(urgent_within="PT48H")
    assert (await shop.offer("urgent_work", seen=1)).json()["terms_version"] == 2
    with clock.at(NOON + HOUR):
        assert moment((await shop.done(f"orders/{order}/payment", OLENA))["due"]) == NOON + HOUR + DAY
    terms = (await shop.status(order))["terms"]
    assert (terms["terms_version"], terms["wait_most"]) == (1, "P1D")
    assert (await listed(shop))["urgent_work"]["wait_most"] == "P2D"


async def test_an_offer_is_changed_by_who_has_seen_it(shop: Shop) -> None:
    """The same offer again is the same version."""
    first = await shop.offer("one_question")
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    assert refusal(await shop.offer("one_question")) == (428, "precondition_missing")
    assert refusal(await shop.offer("one_question", seen=7)) == (412, "version_passed")
    assert (await shop.offer("one_question", seen=1)).headers["etag"] == '"1"'
    assert (await shop.offer("one_question", seen=1, offered=False)).headers["etag"] == '"2"'
    assert await listed(shop) == {}
    assert refusal(await shop.order("one_question", version=2)) == (404, "kind_not_offered")


async def test_of_two_changes_at_once_one_counts(shop: Shop) -> None:
    """Both saw the first version; the one that comes later is told so."""
    await shop.offers("one_question")
    prices = [PRICE | {"most": most} for most in (200_000, 200_001)]
    offers = [shop.offer("one_question", seen=1, price=price) for price in prices]
    both = await after_all_have_read(shop.intake, "service_terms", offers)
    assert sorted(answer.status_code for answer in both) == [200, 412]
    assert (await listed(shop))["one_question"]["terms_version"] == 2


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"price": PRICE | {"least": 300_000}}, "price_upside_down"), ({"price": PRICE | {"least": -1}}, ""),
        ({"price": PRICE | {"most": 10**13}}, ""), ({"price": PRICE | {"currency": "XXX"}}, ""), ({"price": {}}, ""),
        ({"also": ["miracles"]}, ""), ({"also": ["follow_ups"] * 13}, ""), ({"terms": "whatever I say"}, ""),
    ],
)  # fmt: skip
async def test_an_offer_that_cannot_be_meant_is_refused(shop: Shop, told: dict[str, Any], code: str) -> None:
    assert refusal(await shop.offer("planned_recording", **told)) == (422, code or "invalid_request")


async def test_what_is_not_offered_is_not_ordered(shop: Shop) -> None:
    """Nor by somebody of another house, nor of oneself, nor by whoever is no client."""
    await shop.offers("one_question")
    assert refusal(await shop.order("planned_call")) == (404, "kind_not_offered")
    assert refusal(await shop.order("one_question", to=BORIS)) == (404, "kind_not_offered")
    assert refusal(await shop.order("one_question", STRANGE_CLIENT)) == (404, "kind_not_offered")
    assert await listed(shop, STRANGE_CLIENT) == {}
    assert (await shop.order("one_question", BORIS)).status_code == 403
    assert (await shop.order("one_question", MARTA)).status_code == 403


async def test_strangers_see_no_order(shop: Shop) -> None:
    """Another client, another specialist, another house: for them there is none, whatever they try."""
    await shop.offers("planned_recording")
    order = await shop.delivered("planned_recording")
    reads = ["", "/status", "/questions", "/delivery", "/stages"]
    for stranger in (TARAS, BORIS, STRANGE_CLIENT):
        for path in reads:
            assert refusal(await shop.get(f"orders/{order}{path}", stranger)) == (404, "order_unknown")
        assert refusal(await shop.post(f"orders/{order}/payment", stranger)) == (404, "order_unknown")
        assert refusal(await shop.post(f"orders/{order}/cancellation", stranger)) == (404, "order_unknown")
    ours: list[tuple[str, dict[str, Any]]] = [
        ("questions", {"questions": ["?"]}), ("changes", {"questions": ["?"]}), ("nudges", {}), ("delivery/report", {}),
        ("slot", {"slot_id": order}), ("stages/1/agreement", {"on": NOON.isoformat()}),
    ]  # fmt: skip
    for path, told in ours:
        assert refusal(await shop.post(f"orders/{order}/{path}", TARAS, **told)) == (404, "order_unknown"), path
        assert (await shop.post(f"orders/{order}/{path}", ANNA, **told)).status_code == 403, path
    theirs: list[tuple[str, dict[str, Any]]] = [
        ("start", {}),
        ("delivery", {"link": LINK}),
        ("stages/1/completion", {}),
    ]
    for path, told in theirs:
        assert refusal(await shop.post(f"orders/{order}/{path}", BORIS, **told)) == (404, "order_unknown"), path
        assert (await shop.post(f"orders/{order}/{path}", OLENA, **told)).status_code == 403, path
    assert (await shop.get(f"orders/{order}", MARTA)).status_code == 403
