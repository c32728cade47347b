"""What becomes of sessions that were agreed for later when the work ends before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.bus.testing import deliver
from libs.events.chat import FirstReplySent
from libs.events.intake import RequestReleased, SessionVoided
from libs.events.support import ExclusionDecided
from libs.kit import clock
from libs.kit.service import Running
from services.intake.consumers import consumers
from services.intake.jobs import pass_time
from tests.intake.cast import As, joined, press
from tests.intake.meetings import BEGUN, FIRST, HOUR, TICK, Work, engaged
from tests.people import ANNA, BORIS, OLENA, STRANGE_SPECIALIST, THERAPY, Principal

NOTICE = timedelta(hours=24)
PHONE: dict[str, Any] = {"kind": "phone", "phone": "+380447654321"}
LATE = FIRST + timedelta(days=7)


@pytest_asyncio.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Anna has Olena's request."""
    return await engaged(intake_service, intake_client, as_)


async def ended(work: Work, how: str, by: Principal = ANNA, at: Any = BEGUN, **told: Any) -> None:
    answer = await work.call(by, f"requests/{work.id}/{how}", at, told or None)
    assert answer.status_code == 200, answer.text


async def answered(work: Work) -> None:
    reply = FirstReplySent(tenant=THERAPY, at=BEGUN, conversation_id=UUID(work.id), specialist_id=ANNA.id)
    with clock.at(BEGUN):
        await deliver(reply, consumers, work.intake.database.sessions)


async def struck(work: Work, at: Any = BEGUN) -> None:
    decision = ExclusionDecided(
        tenant=THERAPY, at=at, request_id=UUID(work.id), specialist_id=ANNA.id, ticket_id=uuid7(), decision_id=uuid7(),
        ground="spam", scope="pre_session", version=1, excluded=True,
    )  # fmt: skip
    with clock.at(at):
        await deliver(decision, consumers, work.intake.database.sessions)


async def seen(work: Work, session: str, by: Principal = OLENA) -> tuple[Any, ...]:
    told = (await work.get(by, f"sessions/{session}")).json()
    return told["outcome"], told["called_off"], told["cancelled_by"], told["evidence"]


async def voided(work: Work) -> list[tuple[str, str | None]]:
    return [(str(event.session_id), event.because) for event in await work.said(SessionVoided)]


async def test_r11_a_refusal_says_why_what_was_agreed_will_not_be(work: Work) -> None:
    await work.held()
    coming = await work.booked(LATE, at=FIRST + HOUR)
    assert (await work.refuse()).status_code == 201
    assert await seen(work, coming) == ("void", "refused", "specialist", "one")
    assert await voided(work) == [(coming, "refused")]


async def test_d8_a_withdrawal_in_time_calls_off_what_was_agreed(work: Work) -> None:
    """Notice to the microsecond; both sides read why, the world hears it once, and a second press adds nothing."""
    coming, later = await work.booked(), await work.booked(LATE)
    for at in (FIRST - NOTICE, FIRST):
        await ended(work, "withdrawal", OLENA, at)
    for side in (OLENA, ANNA):
        assert await seen(work, coming, side) == ("void", "withdrawn", "client", "one")
    assert await voided(work) == [(coming, "withdrawn"), (later, "withdrawn")]


async def test_d8_a_withdrawal_without_notice_takes_no_session_from_the_specialist(work: Work) -> None:
    """What it is too late to cancel stays agreed: who then does not come has had it, and it counts as held."""
    owed, later = await work.booked(), await work.booked(LATE)
    await ended(work, "withdrawal", OLENA, FIRST - NOTICE + TICK)
    assert await voided(work) == [(later, "withdrawn")]
    missed = await work.call(ANNA, f"sessions/{owed}/no-show", FIRST + HOUR)
    assert (missed.status_code, missed.json()["outcome"]) == (200, "held")


async def test_d8_what_has_begun_when_the_work_ends_can_still_be_told(work: Work) -> None:
    begun = await work.booked()
    await struck(work, FIRST)
    assert await seen(work, begun) == (None, None, None, None)
    assert (await work.tell(begun, ANNA, "held", FIRST + HOUR)).status_code == 200


async def test_r4_what_support_strikes_calls_off_what_was_agreed(work: Work) -> None:
    """Nobody but support can say otherwise; that it was taken back before does not matter."""
    coming = await work.booked()
    await ended(work, "withdrawal", OLENA, FIRST - HOUR)
    await struck(work, FIRST - TICK)
    assert await seen(work, coming) == ("void", "deactivated", None, "support")
    assert await voided(work) == [(coming, "deactivated")]
    assert (await work.tell(coming, ANNA, "held", FIRST + HOUR)).json()["code"] == "support_has_decided"


@pytest.mark.parametrize(
    ("how", "told", "why"),
    [
        ("handover", {}, "handed_over"),
        ("referral", {"to": "doctor"}, "referred"),
        ("referral", {"to": "other_specialist", "to_specialist_id": str(BORIS.id)}, "referred"),
    ],
)
async def test_d5_whoever_hands_a_client_on_keeps_no_session_with_them(
    work: Work, how: str, told: dict[str, Any], why: str
) -> None:
    await joined(work.intake, [BORIS])
    coming = await work.booked()
    await answered(work)
    await ended(work, how, **told)
    assert await seen(work, coming) == ("void", why, "specialist", "one")
    assert await voided(work) == [(coming, why)]


@pytest.mark.parametrize(
    ("to", "code"),
    [(ANNA, "referred_to_yourself"), (BORIS, "specialist_unknown"), (STRANGE_SPECIALIST, "specialist_unknown")],
)
async def test_c10_a_client_is_referred_to_nobody_who_is_not_there(work: Work, to: Principal, code: str) -> None:
    """Neither to who refers them, nor to who does not take part in this house: there nobody would ever see them."""
    await joined(work.intake, [STRANGE_SPECIALIST])
    await answered(work)
    asked = {"to": "other_specialist", "to_specialist_id": str(to.id)}
    answer = await work.call(ANNA, f"requests/{work.id}/referral", BEGUN, asked)
    assert answer.json()["code"] == code
    assert await work.said(RequestReleased) == []


async def test_b14_d6_nobody_waits_for_who_was_not_reached_or_stayed_silent(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """And whoever takes the request next agrees sessions of their own, which the next end alone calls off."""
    lost = await engaged(intake_service, intake_client, as_, **PHONE)
    silent = await engaged(intake_service, intake_client, as_)
    sessions = [await lost.booked(), await silent.booked()]
    await ended(lost, "unreachable")
    with clock.at(BEGUN + HOUR):
        await pass_time(intake_service.database, BEGUN + HOUR)
        await joined(intake_service, [BORIS])
        assert (await press(intake_client, as_, BORIS, {"id": silent.id})).status_code == 201
    own = await silent.book(LATE, BORIS, BEGUN + HOUR)
    assert await voided(lost) == list(zip(sessions, ["unreachable", "silent"], strict=True))
    await ended(silent, "withdrawal", OLENA, BEGUN + HOUR)
    assert (await voided(lost))[2:] == [(own.json()["id"], "withdrawn")]


async def test_r3_a_merged_request_that_is_closed_leaves_the_earlier_ones_sessions(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """They belong to the work that goes on; when that one ends, all of them are called off."""
    earlier = await engaged(intake_service, intake_client, as_)
    later = await engaged(intake_service, intake_client, as_)
    agreed = [await earlier.booked(), await later.booked(LATE)]
    assert (await later.call(ANNA, f"requests/{later.id}/merge", BEGUN)).status_code == 200
    await ended(later, "withdrawal", OLENA)
    assert [await seen(earlier, each) for each in agreed] == [(None, None, None, None)] * 2
    await ended(earlier, "withdrawal", OLENA)
    assert await voided(earlier) == [(each, "withdrawn") for each in agreed]


async def test_r3_what_is_told_again_says_why_again(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """A session that was called off moves with its request, and so does the reason."""
    await engaged(intake_service, intake_client, as_)
    later = await engaged(intake_service, intake_client, as_)
    agreed = await later.booked()
    await ended(later, "withdrawal", OLENA)
    assert (await later.call(ANNA, f"requests/{later.id}/merge", BEGUN)).status_code == 200
    assert await voided(later) == [(agreed, "withdrawn")] * 2


async def test_r3_what_comes_back_to_a_request_that_was_closed_is_called_off(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """It was no mistake after all, but its client has taken it back meanwhile."""
    earlier = await engaged(intake_service, intake_client, as_)
    later = await engaged(intake_service, intake_client, as_)
    agreed = await later.booked()
    assert (await later.call(ANNA, f"requests/{later.id}/merge", BEGUN)).status_code == 200
    await ended(later, "withdrawal", OLENA)
    with clock.at(BEGUN):
        parted = await intake_client.delete(f"requests/{later.id}/merge", headers=as_(ANNA))
    assert parted.status_code == 200
    assert await seen(earlier, agreed) == ("void", "withdrawn", "client", "one")


async def test_d8_two_who_met_all_the_same_may_say_so(work: Work) -> None:
    """Then nothing was called off."""
    coming = await work.booked()
    await ended(work, "withdrawal", OLENA)
    assert (await work.tell(coming, OLENA, "held", FIRST)).status_code == 200
    assert await seen(work, coming) == ("held", None, None, "one")
