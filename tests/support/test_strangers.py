"""Every route of support by everybody who has no business there; a route that is added later is asked as well."""

from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from libs.kit.service import Running
from tests.doors import ANALYST, EVERYBODY, PARTNER, Door, Doors
from tests.people import (
    BORIS,
    MARTA,
    OLENA,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    VERA,
    Principal,
)
from tests.support.pleas import asked, plea, pleaded
from tests.support.scenes import Desk, accepted, hear

DOORS = Doors("support")
OPERATIONS = DOORS.operations
AT_TICKETS = [each for each in OPERATIONS if "{ticket_id}" in each.path]
AT_CASES = [each for each in OPERATIONS if "{case_id}" in each.path]
STRANGE_CLINICIAN = Principal(UUID(int=9), "clinics", "clinician", frozenset({"clinician"}))


@pytest_asyncio.fixture
async def door(support_client: httpx.AsyncClient, support_service: Running, as_: Any, anna: Desk) -> Door:
    """A request that Anna won, her ticket about it, and Olena's call for help."""
    said = plea("danger")
    await hear(support_service, asked(said.request_id))
    await hear(support_service, accepted(said.request_id))
    case_id = await pleaded(support_service, "danger", request_id=said.request_id)
    return Door(support_client, as_, {"ticket_id": await anna.ticket(said.request_id), "case_id": case_id})


async def test_nobody_gets_in_without_a_token(door: Door) -> None:
    """Whatever they send."""
    assert [each.name for each in OPERATIONS if each.public] == []
    assert await door.wrong(None, OPERATIONS, 401) == []


async def test_t4_a_role_gets_in_where_it_is_named_and_nowhere_else(door: Door) -> None:
    """Nobody but those who answer gets to the desk, and nobody but a party to what parties see."""
    found = []
    for person in EVERYBODY:
        found += await door.wrong(person, [each for each in OPERATIONS if not each.lets_in(person)], 403)
    assert found == []
    for person in (PARTNER, ANALYST):
        assert {each.name for each in OPERATIONS if each.lets_in(person)} == {"get_policy"}


async def test_t3_t8_what_belongs_to_others_does_not_exist(door: Door) -> None:
    """For others of the same part, for support where it is the clinical team's, and for any desk of another house."""
    found = []
    assert len(AT_CASES) == 6
    for person in (TARAS, BORIS, MARTA, STRANGE_CLIENT, STRANGE_SPECIALIST, STRANGE_SUPPORT, STRANGE_CLINICIAN):
        found += await door.wrong(person, [each for each in AT_CASES if each.lets_in(person)], 404)
    for person in (BORIS, STRANGE_SPECIALIST, STRANGE_SUPPORT):
        found += await door.wrong(person, [each for each in AT_TICKETS if each.lets_in(person)], 404)
    assert found == []


async def test_those_whose_it_is_find_it(door: Door) -> None:
    """Else a door that is shut to everybody would look like a wall."""
    assert {THERAPY} == {each.tenant for each in (VERA, OLENA)}
    for person, path in ((VERA, "cases/"), (OLENA, "own-cases/")):
        answer = await door.http.get(path + door.ids["case_id"], headers=door.as_(person))
        assert answer.status_code == 200


async def test_a_body_that_is_too_large_or_holds_a_null_is_refused_everywhere(door: Door) -> None:
    """Before anything is made of it."""
    large, null = {"content": b'{"outcome": "' + b"a" * 1_000_000 + b'"}'}, {"content": b'{"outcome": "\\u0000"}'}
    found = []
    for person in EVERYBODY:
        writes = [each for each in DOORS.writes if each.lets_in(person)]
        found += await door.wrong(person, writes, 413, **large) + await door.wrong(person, writes, 422, **null)
    assert found == []
