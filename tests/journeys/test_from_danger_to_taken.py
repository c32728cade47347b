"""From the danger button to a person who answers, through the whole platform; and a refusal that support takes over."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from libs.kit import clock
from services.support.jobs import count_waiting
from tests.journeys.conftest import Call
from tests.people import MARTA, OLENA, SOFIA, STRANGE_SUPPORT, TARAS, VERA, Principal


async def queue(call: Call, who: Principal, request_id: str) -> list[Any]:
    """What somebody's desk shows about a request."""
    answer = await call(who, "GET", "/support/v1/cases", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["request_id"] == request_id]


async def own(call: Call, who: Principal, request_id: str) -> list[Any]:
    """What a party sees of it."""
    items = (await call(who, "GET", "/support/v1/own-cases", params={"limit": 100})).json()["items"]
    return [each for each in items if each["request_id"] == request_id]


@pytest.mark.parametrize("accepted", [False, True], ids=["before anybody accepted", "after"])
async def test_t2_t4_who_presses_the_danger_button_sees_that_a_clinician_has_taken_it(
    call: Call, accepted: bool
) -> None:
    """The specialist and support see nothing of it, and of two who take it one has it."""
    request_id, (winner,) = await call.opened(), await call.joined(1)
    if accepted:
        assert (await call(winner, "POST", f"/intake/v1/requests/{request_id}/acceptance")).status_code == 201
    for _ in range(2):
        assert (await call(OLENA, "POST", f"/intake/v1/requests/{request_id}/danger")).status_code == 200
    await call.at_rest()
    [case] = await queue(call, VERA, request_id)
    assert (case["kind"], case["status"], case["client_id"]) == ("danger", "open", str(OLENA.id))
    assert case["specialist_id"] == (str(winner.id) if accepted else None)
    [seen] = await own(call, OLENA, request_id)
    assert (seen["id"], seen["status"]) == (case["id"], "open")
    path, first = f"/support/v1/cases/{case['id']}", {"If-Match": '"1"'}
    for stranger in (MARTA, STRANGE_SUPPORT):
        assert (await call(stranger, "PUT", f"{path}/taking", headers=first)).status_code == 404
    for stranger in (winner, TARAS):
        assert await own(call, stranger, request_id) == []
    await count_waiting(call.everything.running["support"].database, clock.now())
    scraped = (await call(SOFIA, "GET", "/metrics")).text
    assert 'dovira_cases_open{kind="danger"} 1.0' in scraped
    assert request_id not in scraped
    taken = await call(VERA, "PUT", f"{path}/taking", headers=first)
    assert (taken.status_code, taken.json()["status"]) == (200, "taken")
    late = await call(SOFIA, "PUT", f"{path}/taking", headers=first)
    assert (late.status_code, late.json()["code"]) == (409, "case_taken")
    [seen] = await own(call, OLENA, request_id)
    assert seen["status"] == "taken"
    done = await call(
        VERA, "POST", f"{path}/closure", json={"outcome": "safe"}, headers={"If-Match": taken.headers["ETag"]}
    )
    assert done.status_code == 200, done.text
    assert [each["status"] for each in await own(call, OLENA, request_id)] == ["closed"]


async def test_t4_a_specialist_who_fears_for_a_client_reaches_the_clinical_team(call: Call) -> None:
    """What was ticked is there, no word is, and the client is told nothing."""
    request_id, (winner,) = await call.opened(), await call.joined(1)
    assert (await call(winner, "POST", f"/intake/v1/requests/{request_id}/acceptance")).status_code == 201
    path = f"/intake/v1/requests/{request_id}/safety-concern"
    assert (await call(winner, "POST", path, json={"signs": ["plan", "means"]})).status_code == 202
    await call.at_rest()
    [case] = await queue(call, VERA, request_id)
    assert (case["kind"], case["signs"]) == ("safety_concern", ["means", "plan"])
    assert [len(await own(call, who, request_id)) for who in (winner, OLENA)] == [1, 0]


async def test_r12_a_refusal_opens_a_support_case_by_itself(call: Call) -> None:
    """Both sides see that support has it; the clinical team does not."""
    request_id, (winner,) = await call.opened(), await call.joined(1)
    path = f"/intake/v1/requests/{request_id}"
    assert (await call(winner, "POST", f"{path}/acceptance")).status_code == 201
    starts_at = clock.now() + timedelta(seconds=1)
    booked = await call(winner, "POST", f"{path}/sessions", json={"starts_at": starts_at.isoformat()})
    assert booked.status_code == 201, booked.text
    await asyncio.sleep(1.2)
    link = f"/intake/v1/sessions/{booked.json()['id']}/outcome"
    assert (await call(winner, "POST", link, json={"outcome": "held"})).status_code == 200
    refusal = {"reason": "values", "farewell_sent": True}
    assert (await call(winner, "POST", f"{path}/refusal", json=refusal)).status_code == 201
    await call.at_rest()
    [case] = await queue(call, MARTA, request_id)
    assert (case["kind"], case["reason"], case["client_id"]) == ("refusal", "values", str(OLENA.id))
    assert await queue(call, VERA, request_id) == []
    for side in (winner, OLENA):
        assert [each["kind"] for each in await own(call, side, request_id)] == ["refusal"]
