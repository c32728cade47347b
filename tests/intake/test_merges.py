"""A client who came a second time by mistake: the later request counts as part of the earlier one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from libs.events import Event
from libs.events.intake import (
    EngagementMerged,
    SessionBooked,
    SessionHeld,
    SessionPurchased,
    SessionVoided,
)
from libs.kit import clock
from libs.kit.service import Running
from tests.canary import PHONE
from tests.intake.cast import As, at_once, joined, opened, press
from tests.intake.meetings import BEGUN, FIRST, HOUR, Work, engaged
from tests.people import ANNA, BORIS, OLENA, STRANGE_SPECIALIST, TARAS, Principal

LATER = BEGUN + timedelta(hours=2)
AFTER = FIRST + timedelta(days=2)


@pytest_asyncio.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Anna has Olena's request."""
    return await engaged(intake_service, intake_client, as_, phone=PHONE)


async def came_again(work: Work, by: Principal = OLENA, winner: Principal = ANNA, at: Any = LATER) -> Work:
    """Another request of the same client's, or from the same phone."""
    with clock.at(at):
        request = await opened(work.http, work.as_, by, phone=PHONE)
        if winner is not ANNA:
            await joined(work.intake, [winner])
        assert (await press(work.http, work.as_, winner, request)).status_code == 201
    return replace(work, id=request["id"])


async def merge(work: Work, by: Principal = ANNA, at: Any = AFTER) -> httpx.Response:
    return await work.call(by, f"requests/{work.id}/merge", at)


async def part(work: Work, by: Principal = ANNA, at: Any = AFTER + HOUR) -> httpx.Response:
    with clock.at(at):
        return await work.http.delete(f"requests/{work.id}/merge", headers=work.as_(by))


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def held_under(heard: Sequence[Event], work: Work) -> dict[str, bool]:
    """What statistics make of it: per engagement and session the greatest version is the truth."""
    registers: dict[str, tuple[int, bool]] = {}
    for said in heard:
        if isinstance(said, SessionHeld | SessionVoided) and str(said.request_id) == work.id:
            known = registers.get(str(said.session_id), (0, False))
            assert said.version != known[0]
            registers[str(said.session_id)] = max(known, (said.version, isinstance(said, SessionHeld)))
    return {session: held for session, (_, held) in registers.items()}


async def test_r3_only_the_winner_of_both_merges(work: Work) -> None:
    """And only what was found to be linked at the submit."""
    later = await came_again(work)
    for stranger in (BORIS, STRANGE_SPECIALIST):
        assert code(await merge(later, stranger)) == (404, "request_unknown")
        assert code(await part(later, stranger)) == (404, "request_unknown")
    assert code(await merge(later, OLENA)) == (403, "role_missing")
    assert code(await merge(work)) == (409, "not_linked")
    assert code(await part(later)) == (409, "not_merged")
    foreign = await came_again(work, winner=BORIS, at=LATER + HOUR)
    assert code(await merge(foreign, BORIS)) == (409, "not_linked")
    assert await work.said(EngagementMerged) == []


async def test_r3_its_sessions_are_told_again_under_the_earlier_request(work: Work) -> None:
    """With the same id, the numbers that follow and a greater version; the later one keeps none that could be seen."""
    own = await work.held()
    later = await came_again(work)
    moved, coming = await later.held(FIRST + 3 * HOUR), await later.booked(AFTER + HOUR, at=AFTER)
    for _ in range(2):
        merged = (await merge(later)).json()
        assert (merged["into_request_id"], merged["merged"], merged["version"]) == (work.id, True, 1)
    heard = await work.said(EngagementMerged, SessionBooked, SessionHeld, SessionVoided)
    told = heard[[type(event) for event in heard].index(EngagementMerged) :]
    assert [type(event) for event in told] == [EngagementMerged, SessionBooked, SessionHeld, SessionBooked]
    assert {str(event.request_id) for event in told[1:]} == {work.id}
    assert [(str(event.session_id), event.number) for event in told[1:]] == [(moved, 2), (moved, 2), (coming, 3)]
    assert held_under(heard, work) == {own: True, moved: True}
    seen = (await work.get(OLENA, f"requests/{work.id}/sessions")).json()["items"]
    assert [each["number"] for each in seen] == [1, 2, 3]


async def test_r3_what_happens_later_goes_to_the_earlier_one(work: Work) -> None:
    """Bookings, corrections, purchases and the refusal: there is one engagement."""
    later = await came_again(work)
    session = await later.held(FIRST)
    await merge(later)
    booked = (await later.book(AFTER + HOUR, at=AFTER)).json()
    assert (booked["request_id"], booked["booked_under"], booked["number"]) == (work.id, later.id, 2)
    assert (await later.tell(session, ANNA, "void", AFTER)).json()["version"] == 3
    assert (await work.book(AFTER + 2 * HOUR, at=AFTER)).json()["number"] == 3
    await later.tell(session, ANNA, "held", AFTER)
    assert (await later.pay(1)).status_code == 201
    assert (await work.pay(2)).status_code == 201
    assert [str(event.request_id) for event in await work.said(SessionPurchased)] == [work.id] * 2
    for each in (work, later):
        assert (await each.window())["shut"] == "next_session_paid"


async def test_r3_taken_back_it_counts_by_itself_again(work: Work) -> None:
    """As often as one likes: in both engagements the last version is what is so."""
    own = await work.held()
    later = await came_again(work)
    moved = await later.held(FIRST + 3 * HOUR)
    for round_ in range(3):
        at = AFTER + timedelta(days=round_)
        assert (await merge(later, at=at)).json()["version"] == round_ * 2 + 1
        heard = await work.said(SessionHeld, SessionVoided)
        assert held_under(heard, work) == {own: True, moved: True}
        for _ in range(2):
            assert (await part(later, at=at + HOUR)).json() == {
                "request_id": later.id, "into_request_id": work.id, "merged": False, "version": round_ * 2 + 2,
            }  # fmt: skip
        heard = await work.said(SessionHeld, SessionVoided)
        assert held_under(heard, work) == {own: True, moved: False}
        assert held_under(heard, later) == {moved: True}
    heard = await work.said(SessionHeld, SessionVoided)
    versions = [event.version for event in heard if str(event.session_id) == moved]
    assert versions == list(range(1, len(versions) + 1))  # One register, for who looks at the session alone.
    seen = (await later.get(OLENA, f"requests/{later.id}/sessions")).json()["items"]
    assert [(each["id"], each["number"], each["request_id"]) for each in seen] == [(moved, 1, later.id)]
    assert (await work.book(AFTER + HOUR, at=AFTER)).json()["number"] == 2
    assert (await later.book(AFTER + HOUR, at=AFTER)).json()["number"] == 2


async def test_r3_of_a_couple_each_still_sees_their_own_sessions_only(work: Work) -> None:
    """The new request came from the partner's account, with the same phone."""
    await work.held()
    later = await came_again(work, by=TARAS)
    session = await later.held(FIRST + 3 * HOUR)
    assert (await merge(later)).status_code == 200
    assert [each["id"] for each in (await work.get(TARAS, f"requests/{later.id}/sessions")).json()["items"]] == [
        session
    ]
    await work.pay(1)
    swallowed = await later.pay(1, TARAS)
    assert (*code(swallowed), swallowed.json()["next"]) == (409, "purchase_out_of_order", 2)
    assert (await later.pay(2, TARAS)).status_code == 201
    for side, seen in ((OLENA, [1]), (ANNA, [1, 2])):
        page = (await work.get(side, f"requests/{work.id}/purchases")).json()
        assert [each["number"] for each in page["items"]] == seen
    assert [each["number"] for each in (await work.get(TARAS, f"requests/{later.id}/purchases")).json()["items"]] == [2]
    assert code(await work.get(OLENA, f"sessions/{session}")) == (404, "session_unknown")
    assert len((await work.get(OLENA, f"requests/{work.id}/sessions")).json()["items"]) == 1
    assert len((await work.get(ANNA, f"requests/{work.id}/sessions")).json()["items"]) == 2


async def test_r3_what_was_refused_or_paid_is_no_mistake(work: Work) -> None:
    """A merge undoes no refusal, and is none of a closed engagement; a purchase keeps a request by itself."""
    later = await came_again(work)
    await later.pay(1)
    assert code(await merge(later)) == (409, "paid_here")
    await work.held()
    assert (await work.refuse()).status_code == 201
    assert code(await merge(later)) == (409, "engagement_ended")
    assert (await work.call(OLENA, f"requests/{work.id}/withdrawal", AFTER)).status_code == 200
    assert code(await merge(later)) == (409, "request_closed")


async def test_r3_a_later_engagement_that_was_refused_stays_refused(work: Work) -> None:
    """A merge would hide the refusal, and let the work go on under the earlier name."""
    later = await came_again(work)
    await later.held()
    assert (await later.refuse()).status_code == 201
    assert code(await merge(later)) == (409, "engagement_ended")


async def test_r3_a_later_request_that_was_taken_back_may_still_be_merged(work: Work) -> None:
    """That is what a client does who sees the mistake first."""
    later = await came_again(work)
    assert (await later.call(OLENA, f"requests/{later.id}/withdrawal", AFTER)).status_code == 200
    assert (await merge(later)).json()["merged"] is True


async def test_r11_a_refusal_of_both_cannot_be_parted(work: Work) -> None:
    """Else the second purchase could follow under the other name."""
    later = await came_again(work)
    await later.held()
    await merge(later)
    assert (await later.refuse(at=AFTER)).status_code == 201
    assert code(await part(later)) == (409, "engagement_ended")
    assert code(await later.pay(1)) == (409, "engagement_ended")


async def test_r3_a_third_request_joins_the_first(work: Work) -> None:
    """However often the client came by mistake, there is one engagement that stays."""
    later = await came_again(work)
    third = await came_again(work, at=LATER + 2 * HOUR)
    await work.write("UPDATE requests SET linked_to = :to WHERE id = :id", to=later.id, id=third.id)
    assert (await merge(third)).json()["into_request_id"] == later.id
    assert code(await merge(later)) == (409, "others_merged_here")
    assert (await part(third)).status_code == 200
    assert (await merge(later)).json()["into_request_id"] == work.id
    assert (await merge(third)).json()["into_request_id"] == work.id


async def test_r3_a_merge_and_a_booking_at_once_lose_nothing(work: Work) -> None:
    """Whichever comes first, the session counts under the earlier request, or its booking is tried again."""
    later = await came_again(work)
    booking, merging = await at_once(work.intake, "requests", [later.book(AFTER + HOUR, at=AFTER), merge(later)])
    assert merging.status_code == 200
    assert booking.status_code in {201, 503}
    seen = (await work.get(ANNA, f"requests/{work.id}/sessions")).json()["items"]
    assert [each["request_id"] for each in seen] == [work.id] * (booking.status_code == 201)
