"""Either side of a request is a party of its cases, and sees what it said itself, of a refusal what both know."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.support import commands, queries
from services.support.domain import CaseUnknown
from tests.people import ANNA, BORIS, MARTA, OLENA, SOFIA, STRANGE_SUPPORT, TARAS, VERA, Principal
from tests.support.pleas import KINDS, NOON, QUARTER, pleaded
from tests.support.scenes import Desk

SHOWN = {
    "danger": (True, False), "safety_concern": (False, True), "refusal": (True, True), "late_refusal": (False, True),
}  # fmt: skip
MEMBERS = {"id", "kind", "request_id", "status", "opened_at", "due_at"}


def in_roles(person: Principal, *roles: str, **other: Any) -> Principal:
    return replace(person, role=roles[0], roles=frozenset(roles), **other)


@pytest.mark.parametrize("kind", KINDS)
async def test_t3_each_side_sees_the_cases_that_it_may_know_of(
    support_service: Any, olena: Desk, anna: Desk, kind: str
) -> None:
    """A danger is the client's alone, a fear the specialist's, and a late refusal too until support has spoken."""
    case_id = await pleaded(support_service, kind)
    for side, sees in zip((olena, anna), SHOWN[kind], strict=True):
        listed, one = await side.all("own-cases"), await side.get(f"own-cases/{case_id}")
        assert [each["id"] for each in listed] == ([case_id] if sees else [])
        assert one.status_code == (200 if sees else 404)
        assert not sees or one.json() == listed[0]


async def test_t8_a_party_sees_that_somebody_answers_and_nothing_of_who_or_why(
    support_service: Any, olena: Desk, marta: Desk
) -> None:
    """Neither the reason that the specialist named, nor how it ended."""
    case_id = await pleaded(support_service, "refusal")
    states = [(await olena.get(f"own-cases/{case_id}")).json()]
    for step in (marta.take(case_id), marta.close(case_id, "refund")):
        assert (await step).status_code == 200
        states.append((await olena.get(f"own-cases/{case_id}")).json())
    assert [each["status"] for each in states] == ["open", "taken", "closed"]
    assert all(each.keys() == MEMBERS for each in states)


async def test_own_cases_come_in_pages_oldest_first(support_service: Any, olena: Desk, anna: Desk) -> None:
    ids = [await pleaded(support_service, "refusal", at=NOON + n * QUARTER) for n in (2, 0, 1)]
    for side in (olena, anna):
        assert [each["id"] for each in await side.all("own-cases", limit=1)] == [ids[1], ids[2], ids[0]]


@pytest.mark.parametrize("kind", KINDS)
async def test_t3_nobody_else_sees_it(support_service: Any, support_client: Any, as_: Any, kind: str) -> None:
    """Others of the same part, the parties in another part, and whoever has their ids in another house."""
    case_id = await pleaded(support_service, kind)
    strangers = (
        TARAS, BORIS, in_roles(OLENA, "specialist"), in_roles(ANNA, "client"),
        in_roles(OLENA, "client", tenant="clinics"), in_roles(ANNA, "specialist", tenant="clinics"),
    )  # fmt: skip
    for stranger in strangers:
        desk = Desk(support_client, as_(stranger))
        assert await desk.all("own-cases") == []
        assert (await desk.get(f"own-cases/{case_id}")).status_code == 404
        assert (await desk.case(case_id)).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
async def test_t4_t8_who_has_no_seat_at_its_desk_has_no_such_case(
    support_service: Any, support_client: Any, as_: Any, kind: str
) -> None:
    """Support for danger, the clinical team for refusals, anybody's desk elsewhere."""
    case_id = await pleaded(support_service, kind)
    seated = {"danger": VERA, "safety_concern": VERA, "refusal": MARTA, "late_refusal": MARTA}[kind]
    elsewhere = [replace(each, tenant="clinics") for each in (VERA, MARTA, SOFIA)]
    for person in (VERA, MARTA, SOFIA, STRANGE_SUPPORT, *elsewhere):
        desk = Desk(support_client, as_(person))
        right = 200 if person in (seated, SOFIA) else 404
        assert (await desk.case(case_id)).status_code == right
        if right == 404:
            changes = (desk.take, desk.give_back, desk.close, desk.reopen)
            assert [(await change(case_id)).status_code for change in changes] == [404] * 4


async def test_the_first_wall_stands_without_the_second(support_service: Any) -> None:
    """Where all tenants' rows can be seen, people of another house still find none."""
    case_id = UUID(await pleaded(support_service, "refusal"))
    nobodys: dict[str, Any] = {"status": None, "kind": None, "after": None, "limit": 10}
    async with support_service.database.session("*") as tx:
        assert await queries.queue(tx, STRANGE_SUPPORT, **nobodys) == []
        with pytest.raises(CaseUnknown):
            await queries.case(tx, case_id, STRANGE_SUPPORT)
        with pytest.raises(CaseUnknown):
            await commands.take_case(tx, case_id, agent=STRANGE_SUPPORT, if_match='"1"', now=NOON)
        for party in (in_roles(OLENA, "client", tenant="clinics"), in_roles(ANNA, "specialist", tenant="clinics")):
            assert await queries.own_cases(tx, party, after=None, limit=10) == []


@pytest.mark.parametrize("party", [ANNA, OLENA], ids=["the specialist", "the client"])
@pytest.mark.parametrize("kind", KINDS)
async def test_t8_nobody_answers_a_case_that_they_are_a_party_of(
    support_service: Any, support_client: Any, as_: Any, kind: str, party: Principal
) -> None:
    """Nor sees it from that side: a danger is hidden from a specialist also if they supervise."""
    case_id = await pleaded(support_service, kind)
    desk = Desk(support_client, as_(in_roles(party, "supervisor", party.role)))
    assert await desk.all("cases") == []
    assert [(await desk.case(case_id)).status_code, (await desk.take(case_id)).status_code] == [404, 404]
    side = 0 if party == OLENA else 1
    assert len(await desk.all("own-cases")) == SHOWN[kind][side]


async def test_the_party_is_told_until_when_somebody_takes_it(support_service: Any, olena: Desk) -> None:
    """As the people at the desk are."""
    case_id = await pleaded(support_service, "danger")
    seen = (await olena.get(f"own-cases/{case_id}")).json()
    assert (seen["opened_at"], seen["due_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T12:15:00Z")
