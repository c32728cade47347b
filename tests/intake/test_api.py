"""Intake over HTTP, on a real PostgreSQL."""

import time
from asyncio import gather
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.bus.testing import outbox
from libs.events.intake import (
    RequestAccepted,
    RequestOpened,
    SessionBooked,
    SessionHeld,
    SessionVoided,
    SpecialistJoined,
)
from libs.kit import clock
from libs.kit.service import Running
from tests.canary import PHONE, tables_with
from tests.intake.cast import As, at_once, crowd, joined, opened, press
from tests.people import ANNA, BORIS, MARTA, OLENA, STRANGE_CLIENT, STRANGE_SPECIALIST, TARAS

NOBODY = {"id": "01900000-0000-7000-8000-00000000dead"}
BY_DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Ahead(datetime):
    """A clock that is wrong by three hours."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.fromtimestamp(time.time(), tz) + timedelta(hours=3)


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


async def said(intake: Running, kind: type) -> list[Any]:
    """Events of one kind that wait to be relayed."""
    return [envelope.data for envelope in await outbox(intake.database.engine) if type(envelope.data) is kind]


async def rows(intake: Running, statement: str) -> list[Any]:
    async with intake.database.begin() as connection:
        return list(await connection.execute(text(statement)))


async def test_b1_a_request_is_promised_an_answer(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """30 seconds by chat and 5 minutes by phone, from the moment it was submitted."""
    chat = await opened(intake_client, as_)
    phone = await opened(intake_client, as_, kind="phone", phone=PHONE)
    assert moment(chat["promised_until"]) - moment(chat["received_at"]) == timedelta(seconds=30)
    assert moment(phone["promised_until"]) - moment(phone["received_at"]) == timedelta(minutes=5)
    first, second = await said(intake_service, RequestOpened)
    assert (str(first.request_id), first.kind, first.client_id) == (chat["id"], "chat", OLENA.id)
    assert second.reply_due == moment(phone["promised_until"])


async def test_a_submit_that_comes_twice_opens_one_request(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A client on a bad line presses again and does not ask twice."""
    asked = {"kind": "chat", "category": "panic", "locale": "bg"}
    first = await intake_client.post("requests", json=asked, headers=as_(OLENA, key="once"))
    again = await intake_client.post("requests", json=asked, headers=as_(OLENA, key="once"))
    assert first.json() == again.json()
    assert len(await said(intake_service, RequestOpened)) == 1


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"kind": "phone"}, "phone_missing"), ({"kind": "phone", "phone": "+77777777777"}, "phone_missing"),
        ({"kind": "phone", "phone": "call me"}, "phone_malformed"),
        ({"direct_to": str(OLENA.id)}, "direct_to_yourself"),
        ({"phone": "+" + "1" * 40}, "invalid_request"),
        ({"kind": "pigeon"}, "invalid_request"),
        ({"accepted_by": str(ANNA.id)}, "invalid_request"), ({"category": "\x00"}, "invalid_request"),
    ],
)  # fmt: skip
async def test_a_request_that_cannot_be_meant_is_refused(
    intake_client: httpx.AsyncClient, as_: As, told: dict[str, str], code: str
) -> None:
    """With the reason, and without repeating the number."""
    asked = {"kind": "chat", "category": "grief", "locale": "uk"} | told
    answer = await intake_client.post("requests", json=asked, headers=as_(OLENA, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert told.get("phone", "-") not in answer.text


async def test_b2_the_placeholder_is_no_contact(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """It is kept as nothing, so nothing can be made of it later."""
    request = await opened(intake_client, as_, phone="+77777777777")
    assert await rows(intake_service, "SELECT phone FROM requests") == [(None,)]
    await joined(intake_service, [ANNA])
    assert (await press(intake_client, as_, ANNA, request)).json()["contact"] is None


async def test_b2_the_phone_is_shown_to_the_winner_alone(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Not in the acceptance, not to losers, not to the client's own eyes by this route, and in no event."""
    request = await opened(intake_client, as_, kind="phone", phone=PHONE)
    await joined(intake_service, [ANNA, BORIS])
    link = f"requests/{request['id']}/contact"
    assert (await intake_client.get(link, headers=as_(ANNA))).status_code == 404
    won = await press(intake_client, as_, ANNA, request)
    lost = await press(intake_client, as_, BORIS, request)
    assert won.json()["contact"] == f"/intake/v1/{link}"
    assert (await intake_client.get(link, headers=as_(ANNA))).json()["phone"] == "+380447654321"
    seen = (await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))).json()
    assert seen["phone_shown_at"] is not None
    assert len(await rows(intake_service, "SELECT 1 FROM reveals")) == 1
    assert (await intake_client.get(link, headers=as_(BORIS))).status_code == 404
    assert (await intake_client.get(link, headers=as_(OLENA))).status_code == 403
    [events] = await rows(intake_service, "SELECT string_agg(convert_from(value, 'UTF8'), '') FROM outbox")
    assert not any("447654321" in told for told in (won.text, lost.text, str(request), events[0]))


async def test_b2_the_database_alone_cannot_tell_a_phone(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Neither read, nor guessed by hashing all numbers, nor opened after being moved to another request."""
    first = await opened(intake_client, as_, kind="phone", phone=PHONE)
    await opened(intake_client, as_, kind="phone", phone=PHONE)
    kept = await rows(intake_service, "SELECT phone, phone_hash FROM requests")
    assert len({row.phone for row in kept}) == 2
    assert len({row.phone_hash for row in kept}) == 1
    assert await tables_with(intake_service, "447654321") == set()
    swap = "UPDATE requests r SET phone = o.phone FROM requests o WHERE o.id <> r.id RETURNING 1"
    await rows(intake_service, swap)
    await joined(intake_service, [ANNA])
    await press(intake_client, as_, ANNA, first)
    answer = await intake_client.get(f"requests/{first['id']}/contact", headers=as_(ANNA))
    assert (answer.status_code, "447654321" in answer.text) == (500, False)


async def test_b4_first_press_wins(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """Of 200 presses at once one wins; 199 get a place each; one event goes out."""
    request = await opened(intake_client, as_)
    specialists = await joined(intake_service, crowd(200))
    # Connections are opened beforehand: on a busy machine that takes longer than it may in a rush.
    await gather(*(press(intake_client, as_, person, NOBODY) for person in specialists[:12]))
    answers = await gather(*(press(intake_client, as_, person, request) for person in specialists))
    won = [answer.json() for answer in answers if answer.status_code == 201]
    lost = [answer.json() for answer in answers if answer.status_code == 409]
    assert (len(won), len(lost)) == (1, 199)
    assert {problem["code"] for problem in lost} == {"request_taken"}
    receipts = sorted((problem["receipt"] for problem in lost), key=lambda receipt: receipt["order"])
    assert [receipt["order"] for receipt in receipts] == list(range(2, 201))
    margins = [receipt["margin_ms"] for receipt in receipts]
    assert margins == sorted(margins)
    assert margins[0] >= 0
    assert {moment(receipt["accepted_at"]) for receipt in receipts} == {moment(won[0]["accepted_at"])}
    [accepted] = await said(intake_service, RequestAccepted)
    assert str(accepted.request_id) == request["id"]
    assert accepted.at == moment(won[0]["accepted_at"])


async def test_b4_of_presses_that_all_saw_it_free_one_wins(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The row itself is the referee: what everybody had read before does not matter."""
    request = await opened(intake_client, as_)
    specialists = await joined(intake_service, crowd(10))
    answers = await at_once(
        intake_service, "requests", [press(intake_client, as_, person, request) for person in specialists]
    )
    [won] = [answer.json() for answer in answers if answer.status_code == 201]
    lost = [answer.json()["receipt"] for answer in answers if answer.status_code == 409]
    assert sorted(receipt["order"] for receipt in lost) == list(range(2, 11))
    assert {moment(receipt["accepted_at"]) for receipt in lost} == {moment(won["accepted_at"])}
    [accepted] = await said(intake_service, RequestAccepted)
    [row] = await rows(intake_service, "SELECT accepted_by, accepted_at FROM requests")
    assert (row.accepted_by, row.accepted_at) == (accepted.specialist_id, accepted.at)


async def test_b5_of_presses_that_all_saw_one_rested_one_wins(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The specialist's row is the referee of the wait."""
    requests = [await opened(intake_client, as_) for _ in range(10)]
    await joined(intake_service, [ANNA])
    answers = await at_once(
        intake_service, "specialists", [press(intake_client, as_, ANNA, request) for request in requests]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [429] * 9
    assert len(await rows(intake_service, "SELECT 1 FROM requests WHERE accepted_by IS NOT NULL")) == 1
    assert len(await said(intake_service, RequestAccepted)) == 1


async def test_b5_one_specialist_wins_one_request_at_a_time(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Of 50 presses at once on 50 requests one wins, and the 49 others leave nothing half done."""
    requests = [await opened(intake_client, as_) for _ in range(50)]
    await joined(intake_service, [ANNA])
    answers = await gather(*(press(intake_client, as_, ANNA, request) for request in requests))
    [won] = [answer.json() for answer in answers if answer.status_code == 201]
    early = [answer for answer in answers if answer.status_code == 429]
    assert len(early) == 49
    assert {moment(answer.json()["until"]) for answer in early} == {moment(won["ready_at"])}
    assert all(0 < int(answer.headers["Retry-After"]) <= 20 * 60 for answer in early)
    taken = await rows(intake_service, "SELECT id FROM requests WHERE accepted_by IS NOT NULL OR presses > 0")
    assert [str(row.id) for row in taken] == [won["request_id"]]
    assert len(await said(intake_service, RequestAccepted)) == 1
    assert len(await rows(intake_service, "SELECT 1 FROM presses")) == 1
    assert len(await rows(intake_service, "SELECT 1 FROM feed_log WHERE gone")) == 1


@pytest.mark.parametrize(
    ("at", "wait"),
    [
        (datetime(2026, 3, 2, 5, 59, 59, tzinfo=UTC), 6), (datetime(2026, 3, 2, 6, 0, tzinfo=UTC), 20),
        (datetime(2026, 3, 2, 17, 59, 59, tzinfo=UTC), 20), (datetime(2026, 3, 2, 18, 0, tzinfo=UTC), 6),
    ],
)  # fmt: skip
async def test_b5_the_next_accept_waits(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, at: datetime, wait: int
) -> None:
    """Six minutes by night and twenty by day in Moscow, to the microsecond."""
    await joined(intake_service, [ANNA])
    with clock.at(at):
        first, second = await opened(intake_client, as_), await opened(intake_client, as_)
        won = (await press(intake_client, as_, ANNA, first)).json()
        assert moment(won["ready_at"]) == at + timedelta(minutes=wait)
        assert (await intake_client.get("readiness", headers=as_(ANNA))).json()["ready"] is False
    with clock.at(at + timedelta(minutes=wait, microseconds=-1)):
        early = (await press(intake_client, as_, ANNA, second)).json()
        assert moment(early["until"]) == moment(won["ready_at"])
    with clock.at(at + timedelta(minutes=wait)):
        assert (await intake_client.get("readiness", headers=as_(ANNA))).json()["ready"] is True
        assert (await press(intake_client, as_, ANNA, second)).status_code == 201


async def test_b6_arrival_and_acceptance_are_two_times(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Who waited how long can be seen by both sides."""
    await joined(intake_service, [ANNA])
    with clock.at(BY_DAY):
        request = await opened(intake_client, as_)
    with clock.at(BY_DAY + timedelta(seconds=9)):
        won = (await press(intake_client, as_, ANNA, request)).json()
    assert (moment(won["received_at"]), moment(won["accepted_at"])) == (BY_DAY, BY_DAY + timedelta(seconds=9))
    seen = (await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))).json()
    assert (seen["received_at"], seen["accepted_at"], seen["state"]) == (
        won["received_at"],
        won["accepted_at"],
        "accepted",
    )


async def test_b10_a_losing_press_has_one_answer(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """However often it is repeated, at once or later: the same place and margin, and no further count."""
    await joined(intake_service, [ANNA, BORIS])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    answers = await gather(*(press(intake_client, as_, BORIS, request, key="b") for _ in range(8)))
    answers.append(await press(intake_client, as_, BORIS, request, key="b"))
    assert {answer.status_code for answer in answers} == {409}
    assert len({str(answer.json()["receipt"]) for answer in answers}) == 1
    later = await press(intake_client, as_, BORIS, request, key="another")
    assert later.json()["receipt"]["order"] > answers[0].json()["receipt"]["order"]


async def test_d7_the_winners_retry_and_second_device_get_the_same_acceptance(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """At once and later, with the same key and with another."""
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_)
    keys = ["phone", "tablet", "phone", "tablet", "desk"]
    presses = [press(intake_client, as_, ANNA, request, key) for key in keys]
    answers = await at_once(intake_service, "specialists", presses)
    answers.append(await press(intake_client, as_, ANNA, request, "phone"))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["receipt"]["order"] == 1
    assert len(await said(intake_service, RequestAccepted)) == 1


async def test_d7_a_key_belongs_to_one_request(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Won or lost with it, it says nothing about another one."""
    await joined(intake_service, [ANNA, BORIS])
    first, second = await opened(intake_client, as_), await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, first, key="k")
    await press(intake_client, as_, BORIS, first, key="k")
    for person in (ANNA, BORIS):
        answer = await press(intake_client, as_, person, second, key="k")
        assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


async def test_one_key_on_two_requests_at_once_is_never_a_failure_of_ours(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Whoever misuses keys gets an answer too, and wins at most one."""
    await joined(intake_service, [ANNA, BORIS])
    lost, free = await opened(intake_client, as_), await opened(intake_client, as_)
    await press(intake_client, as_, BORIS, lost)
    for attempt in range(10):
        answers = await gather(
            press(intake_client, as_, ANNA, lost, f"k{attempt}"), press(intake_client, as_, ANNA, free, f"k{attempt}")
        )
        assert all(answer.status_code in {201, 409, 422, 429} for answer in answers)


@pytest.mark.parametrize("key", [None, "", "x" * 256, "tab\there"])
async def test_a_press_needs_a_key(intake_client: httpx.AsyncClient, as_: As, key: str | None) -> None:
    """Without one its retry could not be told from a new press."""
    headers = as_(ANNA) | ({} if key is None else {"Idempotency-Key": key})
    answer = await intake_client.post(f"requests/{NOBODY['id']}/acceptance", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_only_those_who_joined_take_part(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Joining is said once, however often it is done."""
    request = await opened(intake_client, as_)
    refused = await press(intake_client, as_, ANNA, request)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_eligible")
    first, again = [await intake_client.post("specialists", headers=as_(ANNA)) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    assert len(await said(intake_service, SpecialistJoined)) == 1
    assert (await press(intake_client, as_, ANNA, request)).json()["code"] == "off_duty"


async def test_foreign_requests_do_not_exist(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """For another client, a loser, staff, and anybody of another house."""
    await joined(intake_service, [ANNA, BORIS, STRANGE_SPECIALIST])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    await press(intake_client, as_, BORIS, request)
    people = {ANNA: 200, OLENA: 200, BORIS: 404, TARAS: 404, STRANGE_CLIENT: 404, STRANGE_SPECIALIST: 404, MARTA: 403}
    for person, status in people.items():
        answer = await intake_client.get(f"requests/{request['id']}", headers=as_(person))
        assert answer.status_code == status
    assert (await press(intake_client, as_, STRANGE_SPECIALIST, request)).json()["code"] == "request_unknown"
    assert (await press(intake_client, as_, ANNA, NOBODY)).json()["code"] == "request_unknown"
    assert (await press(intake_client, as_, OLENA, request)).status_code == 403


async def test_sessions_are_booked_in_order_and_told_after_they_began(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """D8: held, then corrected, each as a version that replaces the one before."""
    await joined(intake_service, [ANNA, BORIS])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    starts_at = (clock.now() + timedelta(days=1)).isoformat()
    sessions = f"requests/{request['id']}/sessions"
    booked = await gather(
        *(intake_client.post(sessions, json={"starts_at": starts_at}, headers=as_(ANNA, key=f"s{n}")) for n in range(3))
    )
    assert sorted(answer.json()["number"] for answer in booked) == [1, 2, 3]
    foreign = await intake_client.post(sessions, json={"starts_at": starts_at}, headers=as_(BORIS, key="s"))
    assert foreign.status_code == 404
    outcome = f"sessions/{booked[0].json()['id']}/outcome"
    early = await intake_client.post(outcome, json={"outcome": "held"}, headers=as_(ANNA))
    assert (early.status_code, early.json()["code"]) == (409, "session_not_started")
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        for told, version in [("held", 1), ("held", 1), ("void", 2), ("held", 3)]:
            answer = await intake_client.post(outcome, json={"outcome": told}, headers=as_(ANNA))
            assert (answer.status_code, answer.json()["version"], answer.json()["outcome"]) == (200, version, told)
        stranger = await intake_client.post(outcome, json={"outcome": "void"}, headers=as_(BORIS))
        assert stranger.status_code == 404
    assert len(await said(intake_service, SessionBooked)) == 3
    assert [event.version for event in await said(intake_service, SessionHeld)] == [1, 3]
    assert [event.version for event in await said(intake_service, SessionVoided)] == [2]


async def test_the_database_clock_judges(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I10: an instance whose own clock runs three hours ahead gives nobody a shorter wait or a longer promise."""
    await joined(intake_service, [ANNA])
    true_now = clock.now()
    monkeypatch.setattr("libs.bus.clock.datetime", Ahead)
    request = await opened(intake_client, as_)
    won = (await press(intake_client, as_, ANNA, request)).json()
    assert abs(moment(request["received_at"]) - true_now) < timedelta(minutes=1)
    assert abs(moment(won["accepted_at"]) - true_now) < timedelta(minutes=1)
