"""The promise to the client and what ends a request, over HTTP and through what time causes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.bus.ids import uuid7
from libs.bus.testing import deliver, outbox
from libs.events import Event
from libs.events.chat import FirstReplySent
from libs.events.intake import AcceptRefused
from libs.kit import clock
from libs.kit.service import Running
from services.intake import commands
from services.intake.consumers import consumers
from services.intake.jobs import pass_time, tell_refusals, time_stands
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, OMAR, TARAS, THERAPY, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON, TRAVELS, REST = timedelta(seconds=30), timedelta(seconds=2), timedelta(minutes=20)
PHONE = {"kind": "phone", "phone": "+380447654321"}


async def heard(intake: Running, *events: Event) -> None:
    for event in events:
        await deliver(event, consumers, intake.database.sessions)


def replied(request: Any, at: datetime, by: Principal = ANNA) -> FirstReplySent:
    return FirstReplySent(tenant=THERAPY, at=at, conversation_id=UUID(request["id"]), specialist_id=by.id)


async def told(intake: Running) -> list[str]:
    """What intake said, leaving out what comes before a race is over."""
    early = {"RequestOpened", "RequestAccepted", "PressTooQuick"}
    kinds = [type(envelope.data).__name__ for envelope in await outbox(intake.database.engine)]
    return [kind for kind in kinds if kind not in early]


async def time_passes(intake: Running, at: datetime) -> None:
    with clock.at(at):
        await pass_time(intake.database, at)


async def seen(client: httpx.AsyncClient, as_: As, request: Any, by: Principal = OLENA) -> Any:
    return (await client.get(f"requests/{request['id']}", headers=as_(by))).json()


async def ends(client: httpx.AsyncClient, as_: As, request: Any, how: str, by: Principal = ANNA, **body: Any) -> Any:
    headers = as_(by, key=str(uuid7()))
    return await client.post(f"requests/{request['id']}/{how}", json=body or None, headers=headers)


async def taken(client: httpx.AsyncClient, intake: Running, as_: As, **asked: Any) -> Any:
    """A request that Anna has won at noon."""
    await joined(intake, [ANNA, BORIS])
    with clock.at(NOON):
        request = await opened(client, as_, **asked)
        assert (await press(client, as_, ANNA, request)).status_code == 201
    return request


async def test_d6_a_silent_winner_is_released_and_another_takes_the_request(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The breach is told to the client, and the one who comes next has time of their own."""
    request = await taken(intake_client, intake_service, as_)
    await time_passes(intake_service, NOON + SOON + TRAVELS - timedelta(microseconds=1))
    assert (await seen(intake_client, as_, request))["state"] == "accepted"
    await time_passes(intake_service, NOON + SOON + TRAVELS)
    after = await seen(intake_client, as_, request)
    assert after["helplines"]
    assert (after["state"], after["round"], after["missed_at"]) == ("open", 2, "2026-03-02T09:00:32Z")
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestReleased"]
    later = NOON + timedelta(minutes=1)
    with clock.at(later):
        assert (await seen(intake_client, as_, request, ANNA))["status"] == 404
        assert (await press(intake_client, as_, ANNA, request)).status_code == 404
        won = (await press(intake_client, as_, BORIS, request)).json()
    assert datetime.fromisoformat(won["reply_due"]) == later + timedelta(seconds=15)
    await heard(intake_service, replied(request, later, BORIS))
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestReleased"]
    assert (await seen(intake_client, as_, request))["answered_at"] is not None


async def test_d6_the_promise_fires_once_whoever_asks(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Ten instances look at the same moment, and again later."""
    await taken(intake_client, intake_service, as_)
    for at in (NOON + SOON + TRAVELS, NOON + REST):
        await asyncio.gather(*(time_passes(intake_service, at) for _ in range(10)))
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestReleased"]


async def test_b1_an_answer_keeps_the_promise_and_stops_the_clock(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """However often it is heard."""
    request = await taken(intake_client, intake_service, as_)
    with clock.at(NOON + SOON):
        await heard(intake_service, replied(request, NOON + SOON), replied(request, NOON + SOON))
    await time_passes(intake_service, NOON + timedelta(days=3))
    assert await told(intake_service) == ["ReplyPromiseKept"]
    assert (await seen(intake_client, as_, request))["state"] == "accepted"


async def test_d6_an_answer_that_was_slow_on_the_bus_gives_the_request_back(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The silence was ours. Once another specialist has it, it stays theirs."""
    request = await taken(intake_client, intake_service, as_)
    await time_passes(intake_service, NOON + SOON + TRAVELS)
    with clock.at(NOON + REST):
        await heard(intake_service, replied(request, NOON + SOON))
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestReleased", "ReplyPromiseKept"]
    back = await seen(intake_client, as_, request, ANNA)
    assert (back["state"], back["missed_at"]) == ("accepted", None)
    lost = await opened(intake_client, as_)
    with clock.at(NOON + REST):
        assert (await press(intake_client, as_, ANNA, lost)).status_code == 201


async def test_d5_who_waits_no_more_is_told_of_no_wait_that_was_called_off(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    request = await taken(intake_client, intake_service, as_)
    with clock.at(NOON + SOON):
        await heard(intake_service, replied(request, NOON + SOON))
    with clock.at(NOON + REST):
        assert (await ends(intake_client, as_, request, "handover")).status_code == 200
    assert await told(intake_service) == ["ReplyPromiseKept", "RequestReleased"]


async def test_b17_a_reply_told_late_gives_nobody_back_what_they_handed_on(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Only silence that was none is undone."""
    request = await taken(intake_client, intake_service, as_)
    with clock.at(NOON + SOON):
        await heard(intake_service, replied(request, NOON + SOON))
        assert (await ends(intake_client, as_, request, "handover")).status_code == 200
        await heard(intake_service, replied(request, NOON + SOON))
    assert (await seen(intake_client, as_, request))["state"] == "open"


async def test_b1_a_phone_request_is_answered_by_a_call(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Five minutes, kept by who says that they spoke; others cannot say so."""
    request = await taken(intake_client, intake_service, as_, **PHONE)
    await heard(intake_service, replied(request, NOON))
    assert await told(intake_service) == []
    with clock.at(NOON + timedelta(minutes=5)):
        assert (await ends(intake_client, as_, request, "call", BORIS)).status_code == 404
        assert (await ends(intake_client, as_, request, "call")).status_code == 200
        assert (await ends(intake_client, as_, request, "call")).status_code == 200
    assert await told(intake_service) == ["ClientReached", "ReplyPromiseKept"]


@pytest.mark.parametrize(
    ("how", "asked", "body", "says"),
    [
        ("unreachable", PHONE, {}, ["RequestReleased", "CooldownReleased"]),
        ("handover", {}, {}, ["ReplyPromiseKept", "RequestReleased", "CooldownReleased"]),
        (
            "referral", {}, {"to": "psychiatrist"},
            ["ReplyPromiseKept", "ClientReferred", "RequestReleased", "CooldownReleased"],
        ),
    ],
)  # fmt: skip
async def test_d5_b14_b17_c10_a_fair_outcome_costs_no_wait(  # noqa: PLR0917 - a row of the table is three of them
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As,
    how: str, asked: Any, body: Any, says: list[str],
) -> None:  # fmt: skip
    """The specialist may accept the next one at once and has this one no more; a retry gets the same answer."""
    request = await taken(intake_client, intake_service, as_, **asked)
    link = f"requests/{request['id']}/{how}"
    with clock.at(NOON + timedelta(seconds=9)):
        headers = as_(ANNA, key="once")
        if not asked:
            early = await intake_client.post(link, json=body or None, headers=as_(ANNA, key="early"))
            assert (early.status_code, early.json()["code"]) == (409, "answer_comes_first")
            await heard(intake_service, replied(request, NOON + timedelta(seconds=5)))
        first, again = [await intake_client.post(link, json=body or None, headers=headers) for _ in range(2)]
        assert (first.status_code, first.text) == (200, again.text)
        assert bool(first.json()["helplines"]) == (how == "handover")
        assert await told(intake_service) == says
        after = await seen(intake_client, as_, request, ANNA)
        assert after.get("status") == 404 if how == "handover" else after["state"] == "closed"
        other = await opened(intake_client, as_, by=TARAS)
        assert (await press(intake_client, as_, ANNA, other)).status_code == 201


async def test_b21_the_one_unanswered_request_is_free_again_once_answered(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Where the house wants it so."""
    change = {"changes": {"race": {"one_unanswered": True, "day_cooldown": "PT0S", "night_cooldown": "PT0S"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="p"))).status_code == 201
    request = await taken(intake_client, intake_service, as_)
    with clock.at(NOON + timedelta(seconds=1)):
        second = await opened(intake_client, as_, by=TARAS)
        refused = await press(intake_client, as_, ANNA, second)
        assert (refused.status_code, refused.json()["code"]) == (409, "answer_first")
        assert refused.json()["request_id"] == request["id"]
        await heard(intake_service, replied(request, NOON))
        assert (await press(intake_client, as_, ANNA, second)).status_code == 201


async def test_danger_jumps_every_wait_and_is_said_again_if_it_goes_on(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Whoever rests may take it, and the client may press as often as they need to; once a minute it is told."""
    await taken(intake_client, intake_service, as_)
    with clock.at(NOON + timedelta(seconds=1)):
        second = await opened(intake_client, as_, by=TARAS)
        assert (await press(intake_client, as_, ANNA, second)).status_code == 429
        for _ in range(2):
            assert (await ends(intake_client, as_, second, "danger", TARAS)).status_code == 200
        assert (await ends(intake_client, as_, second, "danger", OLENA)).status_code == 404
        assert (await press(intake_client, as_, ANNA, second)).status_code == 201
    assert (await told(intake_service)).count("DangerSignalled") == 1
    for seconds, times in ((60, 1), (61, 2), (90, 2), (121, 3)):
        with clock.at(NOON + timedelta(seconds=seconds)):
            said = await ends(intake_client, as_, second, "danger", TARAS)
        assert datetime.fromisoformat(said.json()["danger_at"]) == NOON + timedelta(seconds=1)
        assert (await told(intake_service)).count("DangerSignalled") == times


@pytest.mark.parametrize(("moment", "known"), [(-1, True), (1, False)], ids=["before it was won", "after it was won"])
async def test_who_has_a_request_is_not_told_of_danger_that_came_after(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, moment: int, *, known: bool
) -> None:
    """It may be them whom the client fears; what they saw in the feed they know."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON - timedelta(seconds=5)):
        request = await opened(intake_client, as_)
    for at, act in sorted(
        {
            0: lambda: press(intake_client, as_, ANNA, request),
            moment: lambda: ends(intake_client, as_, request, "danger", OLENA),
        }.items()
    ):
        with clock.at(NOON + timedelta(seconds=at)):
            assert (await act()).is_success
    for who, told_so in ((OLENA, True), (ANNA, known)):
        seen = (await intake_client.get(f"requests/{request['id']}", headers=as_(who))).json()
        listed = (await intake_client.get("requests", headers=as_(who))).json()["items"][0]
        assert seen == listed
        assert (seen["danger_at"] is not None, bool(seen["helplines"])) == (told_so, told_so)


async def test_a_safety_concern_carries_ticks_and_no_words(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Only from who has the request."""
    request = await taken(intake_client, intake_service, as_)
    bad = await ends(intake_client, as_, request, "safety-concern", signs=["she said that"])
    assert bad.status_code == 422
    assert (await ends(intake_client, as_, request, "safety-concern", BORIS, signs=["plan"])).status_code == 404
    assert (
        await ends(intake_client, as_, request, "safety-concern", signs=["plan", "means", "plan"])
    ).status_code == 202
    assert await told(intake_service) == ["SafetyConcernRaised"]


async def test_a_withdrawal_ends_the_request_for_everybody(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The card goes, the winner may not call any more, and twice is once."""
    request = await taken(intake_client, intake_service, as_, **PHONE)
    assert (await ends(intake_client, as_, request, "withdrawal", TARAS)).status_code == 404
    for _ in range(2):
        assert (await ends(intake_client, as_, request, "withdrawal", OLENA)).json()["closed_as"] == "withdrawn"
    assert (await intake_client.get(f"requests/{request['id']}/contact", headers=as_(ANNA))).status_code == 404
    assert await told(intake_service) == ["RequestWithdrawn"]


async def test_d12_a_second_request_of_a_client_who_is_being_helped_is_linked(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """By who they are, or by their phone on another account; a stranger's is not."""
    first = await taken(intake_client, intake_service, as_, **PHONE)
    with clock.at(NOON):
        second = await opened(intake_client, as_)
        third = await opened(intake_client, as_, by=TARAS, **PHONE)
    assert (second["linked_to"], third["linked_to"]) == (first["id"], first["id"])
    assert await told(intake_service) == ["RequestLinked", "RequestLinked"]
    await ends(intake_client, as_, first, "withdrawal", OLENA)
    await ends(intake_client, as_, second, "withdrawal", OLENA)
    assert (await opened(intake_client, as_))["linked_to"] is None


async def test_b10_who_came_later_is_told_to_the_bus_once(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A moment after the answer, which must be quick."""
    request = await taken(intake_client, intake_service, as_)
    await press(intake_client, as_, BORIS, request, key="k")
    await press(intake_client, as_, BORIS, request, key="k")
    await asyncio.gather(*(tell_refusals(intake_service.database, NOON) for _ in range(4)))
    told = [each.data for each in await outbox(intake_service.database.engine)]
    [refused] = [each for each in told if isinstance(each, AcceptRefused)]
    assert (refused.place, refused.specialist_id) == (2, BORIS.id)


@pytest.mark.parametrize("may_call", [True, False])
async def test_b14_whether_the_client_may_be_called_is_said_beside_the_number(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, may_call: bool
) -> None:
    """Without consent the number is for a messenger, and it says which."""
    request = await taken(intake_client, intake_service, as_, **PHONE, may_call=may_call, messenger="viber")
    shown = (await intake_client.get(f"requests/{request['id']}/contact", headers=as_(ANNA))).json()
    assert shown == {"phone": PHONE["phone"], "may_call": may_call, "messenger": "viber"}


async def test_b15_a_chat_client_who_left_the_chat_can_still_be_found(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """By the number they left for that case; the promise is still the chat's."""
    request = await taken(intake_client, intake_service, as_, phone=PHONE["phone"])
    assert request["has_phone"]
    contact = await intake_client.get(f"requests/{request['id']}/contact", headers=as_(ANNA))
    assert contact.json()["phone"] == PHONE["phone"]
    assert (await ends(intake_client, as_, request, "call")).json()["code"] == "chat_comes_first"
    assert (await ends(intake_client, as_, request, "unreachable")).json()["code"] == "chat_comes_first"


async def test_each_side_finds_its_requests_again_page_by_page(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The client's own and the winner's, the newest first; nobody else's."""
    mine = [await opened(intake_client, as_) for _ in range(3)]
    await opened(intake_client, as_, by=TARAS)
    await joined(intake_service, [ANNA])
    await press(intake_client, as_, ANNA, mine[1])
    first = (await intake_client.get("requests?limit=2", headers=as_(OLENA))).json()
    rest = (await intake_client.get(f"requests?limit=2&cursor={first['next']}", headers=as_(OLENA))).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == [each["id"] for each in reversed(mine)]
    assert rest["next"] is None
    held = (await intake_client.get("requests", headers=as_(ANNA))).json()
    assert [each["id"] for each in held["items"]] == [mine[1]["id"]]
    assert (await intake_client.get("requests", headers=as_(BORIS))).json()["items"] == []


async def test_what_nobody_took_expires(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """After the day for which it was shown."""
    with clock.at(NOON):
        request = await opened(intake_client, as_)
    await time_passes(intake_service, NOON + timedelta(minutes=1))
    await time_passes(intake_service, NOON + timedelta(days=1))
    assert (await seen(intake_client, as_, request))["closed_as"] == "expired"
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestExpired"]


async def test_while_a_demonstration_plays_time_causes_nothing(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """On no instance; afterwards everything that was due happens."""
    await taken(intake_client, intake_service, as_)
    async with time_stands(intake_service.database):
        await time_passes(intake_service, NOON + SOON + TRAVELS)
        assert await told(intake_service) == []
    await time_passes(intake_service, NOON + SOON + TRAVELS)
    assert await told(intake_service) == ["ReplyPromiseMissed", "RequestReleased"]


async def test_one_request_that_cannot_be_turned_keeps_no_other_waiting(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and the rest goes on."""
    with clock.at(NOON):
        stuck, other = await opened(intake_client, as_), await opened(intake_client, as_, by=TARAS)
    turned = commands.pass_time

    async def breaks(tx: Any, request_id: UUID, **known: Any) -> None:
        if str(request_id) == stuck["id"]:
            raise ValueError
        await turned(tx, request_id, **known)

    monkeypatch.setattr(commands, "pass_time", breaks)
    await time_passes(intake_service, NOON + SOON + TRAVELS)
    assert (await seen(intake_client, as_, other, TARAS))["missed_at"] is not None
    assert (await seen(intake_client, as_, stuck))["missed_at"] is None
