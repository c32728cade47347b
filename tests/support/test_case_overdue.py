"""What nobody takes in time is told once, whoever looks and however often, and is counted for whoever pages people."""

from asyncio import gather
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.events.support import CaseOverdue
from libs.kit import clock
from libs.kit.jobs import run_once
from libs.kit.service import Running, Surroundings
from services.support import commands
from services.support.jobs import MOST, count_waiting, jobs, tell_overdue
from tests.people import STRANGE_SPECIALIST
from tests.support.pleas import HOUR, KINDS, NOON, QUARTER, TICK, cases, plea, pleaded
from tests.support.scenes import Desk, hear, said


async def time_passes(service: Any, at: datetime) -> None:
    with clock.at(at):
        await tell_overdue(service.database, at)


async def told(service: Any) -> list[CaseOverdue]:
    found = await said(service)
    assert all(isinstance(each, CaseOverdue) for each in found)
    return found  # type: ignore[return-value]


@pytest.fixture
async def other(support_service: Running, surroundings: Surroundings) -> Any:
    """A second instance, on the same database."""
    async with support_service.service.open(surroundings, support_service.database.url) as opened:
        yield opened


@pytest.mark.parametrize(("kind", "within"), [("danger", QUARTER), ("safety_concern", QUARTER), ("refusal", 4 * HOUR)])
async def test_t2_r12_a_case_that_nobody_took_is_told_when_it_is_due(
    support_service: Any, kind: str, within: Any
) -> None:
    """Not a moment sooner, with ids and times only."""
    event = plea(kind)
    await hear(support_service, event)
    await time_passes(support_service, NOON + within - TICK)
    assert await told(support_service) == []
    await time_passes(support_service, NOON + within)
    [row] = await cases(support_service)
    assert await told(support_service) == [
        CaseOverdue(
            tenant=event.tenant, at=NOON + within, request_id=event.request_id, case_id=row.id,
            kind=row.kind, due=NOON + within,
        )
    ]  # fmt: skip


async def test_t2_many_instances_tell_a_case_once(support_service: Any, other: Any) -> None:
    """Ten rounds of two at the same moment, and again later."""
    for _ in range(5):
        await hear(support_service, plea("danger"))
    for at in (NOON + QUARTER, NOON + HOUR):
        await gather(*(time_passes(each, at) for _ in range(10) for each in (support_service, other)))
    overdue = await told(support_service)
    assert len(overdue) == len({each.case_id for each in overdue}) == 5


async def test_t2_what_was_told_is_not_told_after_a_restart(
    support_service: Running, surroundings: Surroundings
) -> None:
    """Nor is anything forgotten that fell due while nobody was there."""
    await hear(support_service, plea("danger"))
    await time_passes(support_service, NOON + QUARTER)
    await hear(support_service, plea("danger", at=NOON + TICK))
    async with support_service.service.open(surroundings, support_service.database.url) as again:
        for _ in range(2):
            await time_passes(again, NOON + HOUR)
    assert [each.due for each in await told(support_service)] == [NOON + QUARTER, NOON + QUARTER + TICK]


async def test_t2_an_instance_that_dies_in_between_has_told_nothing_and_another_does(
    support_service: Running, other: Running
) -> None:
    """Marking and telling are one transaction."""
    await hear(support_service, plea("danger"))
    with pytest.raises(ConnectionError):
        async with support_service.database.session("*") as tx:
            assert await commands.tell_overdue(tx, now=NOON + QUARTER, most=MOST) == 1
            await tell_overdue(other.database, NOON)  # passes by what another one holds
            raise ConnectionError
    assert await told(support_service) == []
    await time_passes(other, NOON + QUARTER)
    assert len(await told(support_service)) == 1


async def test_t4_what_was_taken_in_time_is_told_to_nobody(support_service: Any, vera: Desk) -> None:
    """Nor what was closed; and what is given back once more late is told then, once."""
    taken, closed, back = [await pleaded(support_service, "danger") for _ in range(3)]
    for case_id in (taken, closed, back):
        await vera.take(case_id)
    await vera.close(closed, "safe")
    await time_passes(support_service, NOON + HOUR)
    assert await told(support_service) == []
    for seen in (2, 4):
        await vera.give_back(back, f'"{seen}"')
        await time_passes(support_service, NOON + seen * HOUR)
        await vera.take(back, f'"{seen + 1}"')
    assert [str(each.case_id) for each in await told(support_service)] == [back]


async def test_of_taking_and_telling_at_once_neither_waits_for_the_other(support_service: Any, vera: Desk) -> None:
    """A case that is being taken is passed by; telling leaves the version as it was seen."""
    case_id = await pleaded(support_service, "danger")
    async with support_service.database.session("*") as tx:
        await tx.execute(text("SELECT FROM cases FOR UPDATE"))
        await time_passes(support_service, NOON + HOUR)
    assert await told(support_service) == []
    await time_passes(support_service, NOON + HOUR)
    assert (await vera.take(case_id)).status_code == 200


async def test_t2_every_house_is_told_of_its_own_and_more_than_one_round_takes(support_service: Any) -> None:
    for n in range(3):
        await hear(support_service, plea("danger", at=NOON + n * TICK))
    await hear(support_service, plea("danger", by=STRANGE_SPECIALIST, tenant="clinics"))
    rounds = []
    for _ in range(3):
        async with support_service.database.session("*") as tx:
            rounds.append(await commands.tell_overdue(tx, now=NOON + HOUR, most=2))
    assert rounds == [2, 2, 0]
    assert sorted(each.tenant for each in await told(support_service)) == ["clinics", "therapy", "therapy", "therapy"]


async def test_t2_who_has_waited_longest_is_told_first_if_one_round_cannot_tell_all(support_service: Any) -> None:
    """In whatever order they were heard."""
    for n in (2, 0, 3, 1):
        await hear(support_service, plea("danger", at=NOON + n * TICK))
    for _ in range(2):
        async with support_service.database.session("*") as tx:
            await commands.tell_overdue(tx, now=NOON + HOUR, most=2)
    dues = [each.due - NOON - QUARTER for each in await told(support_service)]
    assert (set(dues[:2]), set(dues[2:])) == ({0 * TICK, TICK}, {2 * TICK, 3 * TICK})


def counted(name: str) -> dict[str, float | None]:
    return {kind: REGISTRY.get_sample_value(f"dovira_cases_{name}", {"kind": kind}) for kind in KINDS}


async def test_t2_what_waits_is_counted_by_kind_and_by_nothing_else(support_service: Any, vera: Desk) -> None:
    """From the moment it is heard; a kind that nobody waits with counts none."""
    nobody = dict.fromkeys(KINDS, 0.0)
    first, _ = await pleaded(support_service, "danger"), await pleaded(support_service, "danger")
    await hear(support_service, plea("refusal", uuid7()))
    for at, late in ((NOON, {}), (NOON + QUARTER, {"danger": 2}), (NOON + 4 * HOUR, {"danger": 2, "refusal": 1})):
        with clock.at(at):
            await count_waiting(support_service.database, at)
        assert (counted("open"), counted("overdue")) == (nobody | {"danger": 2, "refusal": 1}, nobody | late)
    await vera.take(first)
    with clock.at(NOON + HOUR):
        await count_waiting(support_service.database, NOON)
    assert (counted("open")["danger"], counted("overdue")["danger"]) == (1, 1)


async def test_the_jobs_run_by_themselves(support_service: Running) -> None:
    """Every second, on every instance that works."""
    await hear(support_service, plea("danger"))
    for job in jobs:
        assert job.every.total_seconds() == 1
        await run_once("support", job, support_service.database)
    assert len(await told(support_service)) == 1
    assert support_service.service.jobs == jobs
