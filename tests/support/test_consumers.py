"""Support remembers who accepted what, once, and for good."""

from asyncio import gather
from typing import Any

from sqlalchemy import select

from services.support.tables import EngagementRow
from tests.people import ANNA, BORIS, OLENA, THERAPY
from tests.support.scenes import OPENED, Desk, accepted, hear, request_of


async def rows(service: Any) -> list[EngagementRow]:
    async with service.database.session(THERAPY) as tx:
        return list(await tx.scalars(select(EngagementRow)))


async def test_an_acceptance_is_remembered_with_nothing_decided(support_service: Any):
    request_id = await request_of(support_service)
    (row,) = await rows(support_service)
    assert (row.request_id, row.specialist_id, row.client_id) == (request_id, ANNA.id, OLENA.id)
    assert (row.opened_at, row.version, row.excluded, row.ground) == (OPENED, 0, False, None)


async def test_what_is_told_again_is_remembered_once(support_service: Any):
    event = accepted()
    envelope = await hear(support_service, event)
    await hear(support_service, envelope)
    await gather(*(hear(support_service, event) for _ in range(5)))
    assert len(await rows(support_service)) == 1


async def test_hearing_it_again_undoes_no_decision(support_service: Any, anna: Desk, marta: Desk):
    event = accepted()
    await hear(support_service, event)
    await marta.decide(await anna.ticket(event.request_id))
    await hear(support_service, event)
    (row,) = await rows(support_service)
    assert (row.version, row.excluded) == (1, True)


async def test_who_accepted_before_may_still_ask_after_another_has_accepted(
    support_service: Any, anna: Desk, boris: Desk, marta: Desk
):
    request_id = await request_of(support_service)
    await request_of(support_service, request_id=request_id, by=BORIS)
    hers, his = await anna.ticket(request_id), await boris.ticket(request_id)
    assert (await marta.decide(hers)).json()["version"] == 1
    answer = await marta.decide(his)
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
