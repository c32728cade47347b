"""Ending the work with a client: after session 1, before the purchase of session 2, and which of the two came first."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.events.intake import ClientRefused, RefusalCameLate, SessionPurchased, SessionVoided
from libs.kit.errors import DomainError
from libs.kit.service import Running
from services.intake.domain import Engagement, RequestClosed, engagements, refusals
from tests.intake.cast import As, at_once
from tests.intake.meetings import BEGUN, FIRST, HOUR, TICK, Work, engaged
from tests.intake.test_domain import taken_by
from tests.people import ANNA, BORIS, OLENA, STRANGE_SPECIALIST, TARAS

AFTER = FIRST + 2 * HOUR
REASONS = ["outside_competence", "other_specialist_needed", "boundaries_broken", "personal_trigger", "values", "other"]


@pytest_asyncio.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Anna has Olena's request."""
    return await engaged(intake_service, intake_client, as_)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_r11_strangers_and_the_client_end_nothing(work: Work) -> None:
    await work.held()
    for stranger in (BORIS, STRANGE_SPECIALIST):
        assert code(await work.refuse(stranger)) == (404, "request_unknown")
        assert (await work.get(stranger, f"requests/{work.id}/refusal")).status_code == 404
        assert code(await work.pay(1, stranger)) == (404, "request_unknown")
    assert code(await work.pay(1, TARAS)) == (404, "request_unknown")
    assert code(await work.refuse(OLENA)) == (403, "role_missing")
    assert (await work.get(TARAS, f"requests/{work.id}/purchases")).status_code == 404
    assert await work.said(ClientRefused, SessionPurchased) == []


async def test_r10_nobody_decides_blind(work: Work) -> None:
    """Before session 1 the answer is when it opens; a session that was agreed, or cancelled, is none that was held."""
    assert await work.window() == {
        "open": False, "since": None, "shut": "session_1_comes_first", "opens_at": None, "reasons": REASONS,
        "cost": "nothing",
    }  # fmt: skip
    session = await work.booked()
    early = await work.refuse(at=FIRST - TICK)
    starts_at = FIRST.isoformat().replace("+00:00", "Z")
    assert (*code(early), early.json()["opens_at"]) == (409, "decide_after_session1", starts_at)
    assert (await work.window())["opens_at"] == starts_at
    await work.tell(session, ANNA, "void", FIRST)
    assert code(await work.refuse()) == (409, "decide_after_session1")
    assert await work.said(ClientRefused, RefusalCameLate) == []


async def test_r11_the_button_opens_with_session_1_and_costs_nothing(work: Work) -> None:
    """At the first moment; a session 1 that did not take place is followed by one that did."""
    void = await work.booked()
    await work.tell(void, ANNA, "void", FIRST)
    await work.held(FIRST + 2 * HOUR)
    told_at = (FIRST + 3 * HOUR).isoformat().replace("+00:00", "Z")
    seen = await work.window()
    assert (seen["open"], seen["since"], seen["shut"], seen["cost"]) == (True, told_at, None, "nothing")


async def test_r11_farewell_comes_first(work: Work) -> None:
    await work.held()
    for told in ({"farewell_sent": False}, {"farewell_sent": None}, {"reason": "too_sad"}, {"words": "…"}):
        answer = await work.refuse(**told)
        assert code(answer) in {(409, "farewell_comes_first"), (422, "invalid_request")}
    bare = await work.call(ANNA, f"requests/{work.id}/refusal", AFTER, {"reason": "values"})
    assert code(bare) == (409, "farewell_comes_first")
    assert await work.said(ClientRefused) == []


@pytest.mark.parametrize("reason", REASONS)
async def test_r9_each_reason_of_the_closed_list_ends_the_work_once(work: Work, reason: str) -> None:
    """A retry, even with another reason, gets the first answer; what was agreed for later is called off."""
    await work.held()
    coming = await work.booked(FIRST + 9 * HOUR, at=AFTER)
    await work.booked(AFTER - HOUR, at=AFTER - HOUR)  # It has begun; how it went is still to be told.
    first = await work.refuse(reason=reason)
    again = await work.refuse(reason="other", at=AFTER + HOUR)
    assert (first.status_code, first.json()["reason"], again.json()) == (201, reason, first.json())
    [refused] = await work.said(ClientRefused)
    assert (refused.reason, refused.specialist_id, refused.at) == (reason, ANNA.id, AFTER)
    assert [str(event.session_id) for event in await work.said(SessionVoided)] == [coming]
    assert (await work.window())["shut"] == "refused"


async def test_r11_nothing_follows_an_honoured_refusal(work: Work) -> None:
    """No purchase by either side, no booking, no other moment: what statistics rely on."""
    session = await work.held()
    await work.pay(1)
    untold = await work.booked(AFTER - HOUR, at=AFTER - HOUR)
    assert (await work.refuse()).status_code == 201
    for side in (OLENA, ANNA):
        assert code(await work.pay(2, side)) == (409, "engagement_ended")
        assert (await work.pay(1, side)).status_code == 201  # What was said before may be said again.
    assert code(await work.book(AFTER + HOUR, at=AFTER)) == (409, "engagement_ended")
    assert code(await work.move(untold, ANNA, AFTER + HOUR, AFTER)) == (409, "engagement_ended")
    assert (await work.tell(session, OLENA, "held", AFTER)).status_code == 200
    assert [event.number for event in await work.said(SessionPurchased)] == [1]


async def test_d11_a_refusal_after_the_purchase_is_supports_to_decide(work: Work) -> None:
    """The definite answer is that it came late, support hears of it once, and the work goes on meanwhile."""
    await work.held()
    await work.pay(1)
    await work.pay(2)
    assert (await work.window())["shut"] == "next_session_paid"
    for told in ({"farewell_sent": False}, {}, {"reason": "other"}):
        assert code(await work.refuse(**told)) == (409, "next_session_paid")
    [late] = await work.said(ClientRefused, RefusalCameLate)
    assert (type(late), late.reason) == (RefusalCameLate, "values")
    assert (await work.window())["shut"] == "support_asked"
    assert (await work.pay(3)).status_code == 201
    assert (await work.book(AFTER + HOUR, at=AFTER)).status_code == 201


async def test_r11_a_retry_with_the_same_key_is_one_late_refusal(work: Work) -> None:
    await work.held()
    await work.pay(1)
    await work.pay(2)
    asked = {"reason": "values", "farewell_sent": True}
    path = f"requests/{work.id}/refusal"
    for _ in range(2):
        assert code(await work.http.post(path, json=asked, headers=work.as_(ANNA, key="k"))) == (
            409,
            "next_session_paid",
        )
    assert len(await work.said(RefusalCameLate)) == 1


@pytest.mark.parametrize("first", ["purchase", "refusal", "either"])
async def test_d11_of_a_purchase_and_a_refusal_at_once_one_comes_first(work: Work, first: str) -> None:
    """In both orders and truly at once, four of each: each gets a definite answer, and the two fit together."""
    await work.held()
    await work.pay(1)
    pays, refuses = [work.pay(2) for _ in range(4)], [work.refuse() for _ in range(4)]
    if first == "either":
        answers = await at_once(
            work.intake, "requests", [each for pair in zip(pays, refuses, strict=True) for each in pair]
        )
        paid, refused = answers[::2], answers[1::2]
    else:
        answers = [await each for each in (pays + refuses if first == "purchase" else refuses + pays)]
        paid, refused = (answers[:4], answers[4:]) if first == "purchase" else (answers[4:], answers[:4])
    heard = await work.said(ClientRefused, RefusalCameLate, SessionPurchased)
    won = {(event.number if isinstance(event, SessionPurchased) else type(event)) for event in heard[1:]}
    codes = ({code(answer) for answer in paid}, {code(answer) for answer in refused})
    if ClientRefused in won:
        assert (won, codes) == ({ClientRefused}, ({(409, "engagement_ended")}, {(201, "")}))
    else:
        assert (won, codes) == ({2, RefusalCameLate}, ({(201, "")}, {(409, "next_session_paid")}))
    assert len(heard) == len(won) + 1
    assert first == "either" or (ClientRefused in won) == (first == "refusal")


async def test_b18_purchases_are_told_in_order_and_once(work: Work) -> None:
    for number in (0, -1, 2, 10_001):
        assert (await work.pay(number)).status_code in {409, 422}
    for number in (1, 2, 2, 1, 3):
        answer = await work.pay(number)
        assert (answer.status_code, answer.json()["number"], answer.json()["said_by"]) == (201, number, "client")
    skipped = await work.pay(5)
    assert (*code(skipped), skipped.json()["next"]) == (409, "purchase_out_of_order", 4)
    assert [event.number for event in await work.said(SessionPurchased)] == [1, 2, 3]
    page = (await work.get(ANNA, f"requests/{work.id}/purchases?limit=2")).json()
    rest = (await work.get(OLENA, f"requests/{work.id}/purchases?limit=2&cursor={page['next']}")).json()
    assert [each["number"] for each in page["items"] + rest["items"]] == [1, 2, 3]


async def test_b18_a_specialists_word_is_worth_what_was_held(work: Work) -> None:
    """It would count for their own figures: so many as were held, and no more."""
    assert code(await work.pay(1, ANNA)) == (409, "held_comes_first")
    session = await work.held()
    assert (await work.pay(1, ANNA)).json()["said_by"] == "specialist"
    assert code(await work.pay(2, ANNA)) == (409, "held_comes_first")
    await work.held(FIRST + 24 * HOUR)
    await work.call(OLENA, f"sessions/{session}/dispute", AFTER)
    assert code(await work.pay(2, ANNA)) == (409, "held_comes_first")


async def test_a_purchase_said_many_times_at_once_is_one(work: Work) -> None:
    answers = await at_once(work.intake, "requests", [work.pay(1) for _ in range(5)])
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len(await work.said(SessionPurchased)) == 1


async def test_nothing_is_paid_or_refused_in_a_request_that_is_open_or_closed(work: Work) -> None:
    await work.held()
    assert (await work.call(OLENA, f"requests/{work.id}/withdrawal", AFTER)).status_code == 200
    assert code(await work.pay(1)) == (409, "request_closed")
    assert code(await work.refuse()) == (409, "request_closed")
    assert (await work.window())["shut"] == "closed"
    await work.write("UPDATE requests SET closed_at = NULL, closed_as = NULL")
    await work.write("UPDATE requests SET accepted_by = NULL, accepted_at = NULL, rest_until = NULL, reply_due = NULL")
    assert code(await work.pay(1)) == (409, "not_accepted_yet")
    assert code(await work.refuse()) == (404, "request_unknown")


DEEDS = st.sampled_from(
    [
        "held",
        "disputed",
        "paid",
        "paid_twice",
        "paid_early",
        "paid_by_specialist",
        "refused",
        "refused_coldly",
        "closed",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(DEEDS, max_size=14))
def test_d11_no_second_purchase_ever_follows_an_honoured_refusal(deeds: list[str]) -> None:
    """Whatever happens in whatever order, and nobody is refused before session 1 or after a second purchase."""
    work, heard = Engagement(taken_by(ANNA), ANNA.id), list[Any]()
    for minute, deed in enumerate(deeds):
        now = BEGUN + HOUR * minute
        try:
            work, said = done(work, deed, now)
        except DomainError:
            continue
        heard += [said] if said else []
    kinds = [type(event) for event in heard]
    assert kinds.count(ClientRefused) + kinds.count(RefusalCameLate) <= 1
    numbers = [event.number for event in heard if isinstance(event, SessionPurchased)]
    assert numbers == list(range(1, len(numbers) + 1))
    if ClientRefused in kinds:
        after = heard[kinds.index(ClientRefused) + 1 :]
        assert not after
        assert 2 not in numbers
    if RefusalCameLate in kinds:
        before = heard[: kinds.index(RefusalCameLate)]
        assert any(isinstance(event, SessionPurchased) and event.number == 2 for event in before)


def done(work: Engagement, deed: str, now: Any) -> tuple[Engagement, Any]:
    """The engagement after a deed, as its rows would have it, and what was said."""
    if deed == "held":
        return replace(work, held=work.held + 1, held_at=work.held_at or now), None
    if deed == "disputed":
        return replace(work, held=max(0, work.held - 1), held_at=work.held_at if work.held > 1 else None), None
    if deed == "closed":
        return replace(work, request=replace(work.request, closed_at=now, closed_as="withdrawn")), None
    if deed.startswith("paid"):
        number = work.paid + {"paid_twice": 0, "paid_early": 2}.get(deed, 1)
        paid = engagements.pay(
            work,
            "specialist" if deed == "paid_by_specialist" else "client",
            number,
            said_before=0 < number <= work.paid,
            now=now,
        )
        return (replace(work, paid=paid.number) if paid else work), paid
    said = refusals.refuse(work, "values", farewell_sent=deed == "refused", now=now)
    return (replace(work, refusal=refusals.refusal_of(said)) if said else work), said


def test_a_refusal_of_a_closed_request_is_none() -> None:
    closed = Engagement(taken_by(ANNA, closed_at=BEGUN, closed_as="withdrawn"), ANNA.id, held=1, held_at=BEGUN)
    with pytest.raises(RequestClosed):
        refusals.refuse(closed, "values", farewell_sent=True, now=BEGUN)
