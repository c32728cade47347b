"""A case that should not have been closed is opened again: it waits for somebody, as long as a new one of its kind."""

from asyncio import gather
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest

from libs.events.support import CaseOverdue, CaseReopened, ReopeningReason
from libs.kit import clock
from libs.kit.auth import Principal
from services.support.jobs import count_waiting, tell_overdue
from tests.people import ANNA, MARTA, OMAR, SOFIA, STRANGE_SPECIALIST, VERA
from tests.support.pleas import HOUR, KINDS, NOON, QUARTER, TICK, cases, plea, pleaded
from tests.support.scenes import Desk, hear, said
from tests.support.test_case_desk import verdict
from tests.support.test_case_overdue import counted

WITHIN = {"danger": QUARTER, "safety_concern": QUARTER, "refusal": 4 * HOUR, "late_refusal": 4 * HOUR}
ANSWERS = {"danger": VERA, "safety_concern": VERA, "refusal": MARTA, "late_refusal": MARTA}
LATER = NOON + 30 * HOUR


async def closed(service: Any, desk: Desk, kind: str, **how: Any) -> str:
    """A case that somebody took and closed."""
    case_id = await pleaded(service, kind, **how)
    for step in (desk.take(case_id), desk.close(case_id)):
        assert (await step).status_code == 200
    return case_id


@pytest.mark.parametrize("kind", KINDS)
async def test_t9_what_was_closed_by_mistake_waits_for_somebody_again(
    support_service: Any, support_client: Any, as_: Any, kind: str
) -> None:
    """From that moment on and as long as a new one; all else about it is as it was."""
    with clock.at(LATER):
        desk = Desk(support_client, as_(ANSWERS[kind]))
        case_id = await closed(support_service, desk, kind)
        before = (await desk.case(case_id)).json()
        answer = await desk.reopen(case_id, "not_settled")
        seen, waiting = (await desk.case(case_id)).json(), await desk.all("cases")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"4"')
    again = answer.json()
    assert datetime.fromisoformat(again["due_at"]) == LATER + WITHIN[kind]
    assert again == before | {
        "status": "open", "taken_by": None, "taken_at": None, "outcome": None, "closed_at": None, "version": 4,
        "overdue": False, "due_at": again["due_at"], "reopened_at": again["reopened_at"], "reopened_for": "not_settled",
    }  # fmt: skip
    assert datetime.fromisoformat(again["reopened_at"]) == LATER
    assert (seen, waiting) == (again, [again])


@pytest.mark.parametrize("reason", get_args(ReopeningReason))
async def test_t9_it_is_said_who_closed_it_as_what_and_who_opened_it_again_for_what(
    support_service: Any, support_client: Any, as_: Any, marta: Desk, reason: ReopeningReason
) -> None:
    """Once, with ids and choices only."""
    case_id = await pleaded(support_service, "refusal")
    await marta.take(case_id)
    await marta.close(case_id, "refund")
    with clock.at(LATER):
        await Desk(support_client, as_(SOFIA)).reopen(case_id, reason)
    [row] = await cases(support_service)
    assert await said(support_service) == [
        CaseReopened(
            tenant=row.tenant, at=LATER, request_id=row.request_id, case_id=UUID(case_id), kind="refusal",
            reason=reason, had_ended="refund", closed_by=MARTA.id, reopened_by=SOFIA.id, due=LATER + 4 * HOUR,
        )
    ]  # fmt: skip


async def test_only_what_is_closed_is_opened_again(support_service: Any, marta: Desk) -> None:
    case_id = await pleaded(support_service, "refusal")
    assert verdict(await marta.reopen(case_id, if_match='"1"')) == (409, "case_not_closed")
    await marta.take(case_id)
    assert verdict(await marta.reopen(case_id, if_match='"2"')) == (409, "case_not_closed")
    await marta.close(case_id)
    assert (await marta.reopen(case_id)).status_code == 200
    assert verdict(await marta.reopen(case_id, if_match='"4"')) == (409, "case_not_closed")
    assert len(await said(support_service)) == 1


async def test_who_has_not_seen_it_closed_opens_nothing(support_service: Any, marta: Desk) -> None:
    case_id = await closed(support_service, marta, "refusal")
    assert verdict(await marta.reopen(case_id, if_match=None)) == (428, "precondition_missing")
    assert verdict(await marta.reopen(case_id, if_match='"2"')) == (412, "version_passed")
    assert verdict(await marta.reopen(case_id, "for fun")) == (422, "invalid_request")
    assert (await marta.case(case_id)).json()["status"] == "closed"


async def test_opening_again_with_the_same_key_is_answered_the_same(support_service: Any, marta: Desk) -> None:
    case_id = await closed(support_service, marta, "refusal")
    first, again = [await marta.reopen(case_id, key="once") for _ in range(2)]
    assert (first.status_code, first.json(), first.headers["ETag"]) == (200, again.json(), again.headers["ETag"])
    assert len(await said(support_service)) == 1


async def test_of_two_who_open_it_again_at_once_one_does(support_service: Any, marta: Desk, sofia: Desk) -> None:
    case_id = await closed(support_service, marta, "refusal")
    answers = await gather(marta.reopen(case_id), sofia.reopen(case_id))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert len(await said(support_service)) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_t4_t8_who_has_no_seat_at_its_desk_opens_nothing_again(
    support_service: Any, support_client: Any, as_: Any, kind: str
) -> None:
    """Nor does a party of it, whatever else they are; the other desk and its supervisors may."""
    case_id = await closed(support_service, Desk(support_client, as_(ANSWERS[kind])), kind)
    other = MARTA if ANSWERS[kind] == VERA else VERA
    party = Principal(ANNA.id, ANNA.tenant, "supervisor", frozenset({"supervisor", "specialist"}))
    for person, code in ((other, 404), (party, 404), (ANNA, 403), (OMAR, 403), (SOFIA, 200)):
        assert (await Desk(support_client, as_(person)).reopen(case_id)).status_code == code


async def test_t3_a_party_sees_that_it_is_open_until_when_and_nothing_of_why(
    support_service: Any, olena: Desk, vera: Desk
) -> None:
    case_id = await closed(support_service, vera, "danger")
    before = (await olena.get(f"own-cases/{case_id}")).json()
    with clock.at(NOON + HOUR):
        await vera.reopen(case_id)
    after = (await olena.get(f"own-cases/{case_id}")).json()
    assert after == before | {"status": "open", "due_at": "2026-03-02T13:15:00Z"}


async def test_t2_it_is_counted_and_told_again_if_nobody_takes_it(support_service: Any, vera: Desk) -> None:
    """Also if it was told before it was closed; once per opening, and not before it is due."""
    case_id = await pleaded(support_service, "danger")
    with clock.at(NOON + QUARTER):
        await tell_overdue(support_service.database, NOON)
    await vera.take(case_id)
    await vera.close(case_id)
    with clock.at(NOON + HOUR):
        await vera.reopen(case_id)
    for after, open_, overdue in ((timedelta(0), 1, 0), (QUARTER - TICK, 1, 0), (QUARTER, 1, 1), (HOUR, 1, 1)):
        with clock.at(NOON + HOUR + after):
            await tell_overdue(support_service.database, NOON)
            await count_waiting(support_service.database, NOON)
        assert (counted("open")["danger"], counted("overdue")["danger"]) == (open_, overdue)
    told = [each for each in await said(support_service) if isinstance(each, CaseOverdue)]
    assert [(each.at, each.due) for each in told] == [
        (NOON + QUARTER, NOON + QUARTER), (NOON + HOUR + QUARTER, NOON + HOUR + QUARTER),
    ]  # fmt: skip


async def test_t2_as_long_as_its_house_has_it_now(support_service: Any, support_client: Any, as_: Any) -> None:
    """And as no other house has it."""
    with clock.at(LATER):
        desk = Desk(support_client, as_(VERA))
        case_id = await closed(support_service, desk, "danger")
        changes = {"changes": {"cases": {"danger_within": "PT5M"}}}
        await support_client.post("policies", json=changes, headers=as_(OMAR, key="k"))
        assert datetime.fromisoformat((await desk.reopen(case_id)).json()["due_at"]) == LATER + timedelta(minutes=5)
        elsewhere = Principal(VERA.id, "clinics", "clinician", frozenset({"clinician"}))
        other = Desk(support_client, as_(elsewhere))
        theirs = await closed(support_service, other, "danger", by=STRANGE_SPECIALIST, tenant="clinics")
        assert datetime.fromisoformat((await other.reopen(theirs)).json()["due_at"]) == LATER + QUARTER


async def test_it_is_taken_and_closed_again_like_any_other(support_service: Any, vera: Desk, sofia: Desk) -> None:
    """By whoever takes it, and danger that is said meanwhile waits with it."""
    case_id = await closed(support_service, vera, "danger")
    [row] = await cases(support_service)
    await vera.reopen(case_id)
    await hear(support_service, plea("danger", row.request_id, at=NOON + HOUR))
    assert len(await cases(support_service)) == 1
    assert (await sofia.take(case_id, '"4"')).json()["taken_by"] == str(SOFIA.id)
    end = (await sofia.close(case_id, "helpline", '"5"')).json()
    assert (end["status"], end["outcome"], end["reopened_for"]) == ("closed", "helpline", "closed_by_mistake")
