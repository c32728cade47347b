"""The whole platform in one process, over real HTTP, on the embedded log and on a real Kafka."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from libs.bus import clock
from libs.bus.ids import uuid7
from libs.bus.log import TP
from libs.events import TOPICS, decode
from libs.events.intake import RequestAccepted
from libs.kit.auth import Principal
from libs.kit.together import Together
from services.intake.jobs import time_stands
from tests.journeys.conftest import Call
from tests.people import ANNA, MARTA, OLENA, STRANGE_SPECIALIST, STRANGE_SUPPORT

MONTH_AGO = timedelta(days=31)


async def accepts_on_the_log(everything: Together) -> Counter[UUID]:
    """How often the log says that each request was accepted."""
    log = everything.log
    assert log is not None
    tps = [TP(RequestAccepted.topic, part) for part in range(TOPICS[RequestAccepted.topic].partitions)]
    bounds = await log.bounds(tps)
    reader, at = await log.reader({tp: b.first for tp, b in bounds.items()}), dict.fromkeys(tps, 0)
    found: Counter[UUID] = Counter()
    while any(at[tp] < bounds[tp].end for tp in tps):
        for tp, records in (await reader.fetch(2000, within=0.5)).items():
            at[tp] = records[-1].offset + 1
            for record in records:
                envelope = decode(record.value)
                assert envelope is not None
                found[envelope.subject] += isinstance(envelope.data, RequestAccepted)
    await reader.abandon()
    return found


async def test_b4_200_presses_at_once_have_one_winner_and_199_receipts(call: Call) -> None:
    request_id, people = await call.opened(), await call.joined(200)
    path = f"/intake/v1/requests/{request_id}/acceptance"
    presses = await asyncio.gather(*(call(each, "POST", path) for each in people))
    assert Counter(press.status_code for press in presses) == {201: 1, 409: 199}
    receipts = [press.json()["receipt"] for press in presses]
    assert sorted(receipt["order"] for receipt in receipts) == list(range(1, 201))
    assert {receipt["accepted_at"] for receipt in receipts if receipt["order"] > 1} == {receipts[0]["accepted_at"]}
    await call.at_rest()
    assert (await accepts_on_the_log(call.everything))[UUID(request_id)] == 1


async def test_b5_one_specialist_pressing_50_requests_gets_one_and_is_told_until_when_to_wait(call: Call) -> None:
    requests, (eager,) = [await call.opened() for _ in range(50)], await call.joined(1)
    presses = await asyncio.gather(
        *(call(eager, "POST", f"/intake/v1/requests/{each}/acceptance") for each in requests)
    )
    assert Counter(press.status_code for press in presses) == {201: 1, 429: 49}
    (won,) = (press.json() for press in presses if press.status_code == 201)
    for press in presses:
        if press.status_code == 429:
            assert datetime.fromisoformat(press.json()["until"]) == datetime.fromisoformat(won["ready_at"])
            assert int(press.headers["Retry-After"]) > 0
    await call.at_rest()
    on_the_log = await accepts_on_the_log(call.everything)
    assert sum(on_the_log[UUID(each)] for each in requests) == 1


async def engagements_of_last_month(call: Call, specialist: Principal, held: list[bool]) -> list[str]:
    """Requests that a specialist took a month ago, some of which led to a session."""
    requests = []
    for n, was_held in enumerate(held):
        at = datetime.now(UTC) - MONTH_AGO + timedelta(hours=n)  # noqa: TID251 - the server's clock is the real one
        with clock.at(at):
            requests.append(await directly(call, OLENA, "POST", "/intake/v1/requests"))
            await directly(call, specialist, "POST", f"/intake/v1/requests/{requests[-1]}/acceptance")
            if not was_held:
                continue
            meeting = {"starts_at": (at + timedelta(minutes=5)).isoformat()}
            path = f"/intake/v1/requests/{requests[-1]}/sessions"
            session = await directly(call, specialist, "POST", path, json=meeting)
        await call(specialist, "POST", f"/intake/v1/sessions/{session}/outcome", json={"outcome": "held"})
    await call.at_rest()
    return requests


async def directly(call: Call, who: Principal, method: str, path: str, json: Any = None) -> str:
    """A call in this task, so that it happens at the moment this task lives in."""
    body = json or ({"kind": "chat", "category": "grief", "locale": "uk"} if path.endswith("/requests") else None)
    transport = httpx.ASGITransport(call.everything.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://dovira.test") as http:
        answer = await Call(http, call.everything)(who, method, path, json=body)
    assert answer.status_code == 201, answer.text
    found: str = answer.json().get("id", "")
    return found


@pytest_asyncio.fixture
async def as_if_then(everything: Together) -> AsyncIterator[None]:
    """Who lives a month ago is not overtaken by what has been due since: their silence ends nothing."""
    async with time_stands(everything.running["intake"].database):
        yield


@pytest.mark.usefixtures("as_if_then")
async def test_an_exclusion_and_a_reinstatement_rewrite_last_month_and_only_support_can_do_it(call: Call) -> None:
    """R5, D13: the journey, from a press on Accept to a restated figure and back."""
    (specialist,) = await call.joined(1)
    requests = await engagements_of_last_month(call, specialist, [True, False, False])
    path = f"/stats/v1/specialists/{specialist.id}/figures"

    async def figure(**query: str) -> tuple[int, int, int]:
        found = (await call(specialist, "GET", path, params=query)).json()["conversion"]["counts"]
        return found["won"], found["lost"], found["excluded"]

    before = (await call(specialist, "GET", path)).json()
    assert await figure() == (1, 2, 0)
    plea = {
        "request_id": requests[1], "ground": "spam", "explanation": "An advertisement.", "evidence": "A screenshot.",
    }  # fmt: skip
    assert (await call(ANNA, "POST", "/support/v1/tickets", json=plea)).status_code == 404
    ticket = (await call(specialist, "POST", "/support/v1/tickets", json=plea)).json()
    deed = f"/support/v1/tickets/{ticket['id']}"
    for stranger in (specialist, OLENA, STRANGE_SUPPORT, STRANGE_SPECIALIST):
        refused = await call(
            stranger, "POST", f"{deed}/decision", json={"outcome": "excluded"}, headers={"If-Match": '"1"'}
        )
        assert refused.status_code in {403, 404}
    decision = {"decisions": [{"request_id": requests[1], "ground": "spam"}]}
    supposed = (await call(specialist, "POST", f"/stats/v1/specialists/{specialist.id}/what-if", json=decision)).json()
    tag = (await call(MARTA, "GET", deed)).headers["ETag"]
    decided = await call(MARTA, "POST", f"{deed}/decision", json={"outcome": "excluded"}, headers={"If-Match": tag})
    assert decided.status_code == 201, decided.text
    await call.at_rest()
    assert await figure() == (1, 1, 1)
    now = (await call(specialist, "GET", path)).json()
    assert now["overall"] == supposed["after"]["overall"] != supposed["before"]["overall"] == before["overall"]
    assert await figure(known_at=before["known_at"]) == (1, 2, 0)
    explained = (await call(specialist, "GET", f"{path}/conversion/explanation")).json()["items"]
    assert {each["id"]: each["stands"] for each in explained} == {
        requests[0]: "won", requests[1]: "excluded", requests[2]: "lost",
    }  # fmt: skip
    closed = await call(OLENA, "GET", f"/intake/v1/requests/{requests[1]}")
    assert closed.json()["state"] == "closed", "R4: what is struck from the record is deactivated too"
    tag = (await call(MARTA, "GET", deed)).headers["ETag"]
    await call(MARTA, "POST", f"{deed}/reinstatement", headers={"If-Match": tag})
    await call.at_rest()
    assert await figure() == (1, 2, 0)


async def test_r14_the_two_talk_and_nobody_else_reads(call: Call) -> None:
    request_id, (winner, loser) = await call.opened(), await call.joined(2)
    path = f"/chat/v1/conversations/{request_id}"
    assert (await call(winner, "POST", f"/intake/v1/requests/{request_id}/acceptance")).status_code == 201
    await call.at_rest()
    for who, body in ((winner, "Вітаю!"), (OLENA, "Доброго дня.")):
        assert (
            await call(who, "POST", f"{path}/messages", json={"body": body, "client_message_id": str(uuid7())})
        ).status_code == 201
    for who in (winner, OLENA):
        read = (await call(who, "GET", f"{path}/messages")).json()["items"]
        assert [(each["seq"], each["body"]) for each in read] == [(1, "Вітаю!"), (2, "Доброго дня.")]
    for stranger in (loser, ANNA, MARTA, STRANGE_SPECIALIST, STRANGE_SUPPORT):
        assert (await call(stranger, "GET", f"{path}/messages")).status_code == 404
        assert (
            await call(stranger, "POST", f"{path}/messages", json={"body": "?", "client_message_id": str(uuid7())})
        ).status_code == 404
