"""Every route of intake by everybody who has no business there; a route that is added later is asked as well."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.service import Running
from tests.doors import EVERYBODY, Door, Doors
from tests.intake.cast import As, joined, opened, press
from tests.people import (
    ANNA,
    BORIS,
    MARTA,
    OLENA,
    OMAR,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    Principal,
)

DOORS = Doors("intake")
OPERATIONS, WRITES = DOORS.operations, DOORS.writes
# By their nature not a stranger's 404: anybody may race, be read about, and look a kind up.
OPEN_TO_THE_HOUSE = {"accept_request": 409, "get_profile": 200}


@pytest_asyncio.fixture
async def door(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> Door:
    """A request that Anna won, a session of it, an order, a time and a test of hers."""

    async def made(path: str, by: Principal, **told: Any) -> Any:
        answer = await intake_client.post(path, json=told, headers=as_(by, key=str(uuid7())))
        assert answer.is_success, answer.text
        return answer.json()

    await joined(intake_service, [ANNA, BORIS, STRANGE_SPECIALIST])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    session = await made(f"requests/{request['id']}/sessions", ANNA, starts_at=later(days=1))
    price = {"currency": "UAH", "least": 100, "most": 200}
    for kind in ("planned_recording", "planned_call"):
        await intake_client.put(f"service-kinds/{kind}", json={"price": price}, headers=as_(ANNA))
    asked = {"specialist_id": str(ANNA.id), "kind": "planned_recording", "terms_version": 1, "questions": ["?"]}
    order = await made("orders", OLENA, **asked)
    slot = await made("slots", ANNA, starts_at=later(days=10), minutes=50)
    test = await made("push-tests", ANNA, after_seconds=0)
    ids = {
        "request_id": request["id"], "session_id": session["id"], "order_id": order["id"],
        "slot_id": slot["id"], "test_id": test["id"], "specialist_id": str(ANNA.id), "number": "1",
        "kind": "planned_recording",
    }  # fmt: skip
    return Door(intake_client, as_, ids)


def later(**by: float) -> str:
    """A moment to come."""
    return (clock.now() + timedelta(**by)).isoformat()


async def test_nobody_gets_in_without_a_token(door: Door) -> None:
    """Whatever they send; only what is declared public is."""
    closed = [each for each in OPERATIONS if not each.public]
    assert {each.name for each in OPERATIONS if each.public} == {"follow_feed", "list_helplines"}
    assert await door.wrong(None, closed, 401) == []


async def test_a_role_gets_in_where_it_is_named_and_nowhere_else(door: Door) -> None:
    """Staff, partners and analysts among them."""
    found = []
    for person in EVERYBODY:
        found += await door.wrong(person, [each for each in OPERATIONS if not each.lets_in(person)], 403)
    assert found == []


async def test_what_belongs_to_others_does_not_exist(door: Door) -> None:
    """For another client or specialist of the house, and for the same roles of another house."""
    theirs = [each for each in OPERATIONS if "_id}" in each.path]
    found = []
    for person in (TARAS, BORIS, STRANGE_CLIENT, STRANGE_SPECIALIST, STRANGE_SUPPORT):
        open_to_them = OPEN_TO_THE_HOUSE if person.tenant == THERAPY else {}
        for each in [each for each in theirs if each.lets_in(person)]:
            found += await door.wrong(person, [each], open_to_them.get(each.name, 404))
    assert found == []


async def test_a_body_that_is_too_large_is_refused_everywhere(door: Door) -> None:
    """A megabyte, before anything is made of it."""
    large = {"content": b'{"questions": ["' + b"a" * 1_000_000 + b'"]}'}
    found = []
    for person in (OLENA, ANNA, MARTA, OMAR):
        found += await door.wrong(person, [each for each in WRITES if each.lets_in(person)], 413, **large)
    assert found == []


async def test_a_null_byte_is_refused_everywhere(door: Door) -> None:
    """In the path and in the words of a body."""
    found = []
    for person in (OLENA, ANNA, MARTA, OMAR):
        for each in [each for each in WRITES if each.lets_in(person)]:
            words = (
                json.dumps(each.body).replace('"', '"\\u0000', 1) if '"' in json.dumps(each.body) else '{"\\u0000": 1}'
            )
            answer = await door.knock(each, person, content=words.encode())
            if answer.status_code != 422:
                found.append(f"{each.method} {each.path}: {answer.status_code}")
    nowhere = await door.http.get("requests/%00", headers=door.as_(OLENA))
    assert (found, nowhere.status_code) == ([], 400)
