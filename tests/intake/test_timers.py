"""What time causes, when every instance looks at it in the same moment."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.bus.testing import outbox
from libs.events.intake import ReplyPromiseMissed
from libs.kit import clock
from libs.kit.service import Running
from services.intake import commands, jobs
from services.intake.jobs import pass_time
from tests.intake.cast import As, opened

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = NOON + timedelta(seconds=32)


async def test_d6_a_promise_that_nobody_took_is_told_broken_once(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """There is no winner whose row would be in the way: the request's own lock is the referee."""
    with clock.at(NOON):
        requests = [await opened(intake_client, as_) for _ in range(10)]
    with clock.at(DUE):
        await asyncio.gather(*(pass_time(intake_service.database, DUE) for _ in range(8)))
    said = Counter(type(envelope.data).__name__ for envelope in await outbox(intake_service.database.engine))
    assert said["ReplyPromiseMissed"] == len(requests)


async def test_d6_what_cannot_be_turned_stands_in_nobodys_way(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor if it is more than what is looked at together, and overdue for longer."""
    with clock.at(NOON):
        stuck = {UUID((await opened(intake_client, as_))["id"]) for _ in range(3)}
    with clock.at(NOON + timedelta(seconds=1)):
        requests = {UUID((await opened(intake_client, as_))["id"]) for _ in range(3)}
    turned = commands.pass_time

    async def pass_time_of(tx: Any, request_id: UUID, *, now: datetime) -> None:
        if request_id in stuck:
            raise ValueError("this cannot be turned")
        await turned(tx, request_id, now=now)

    monkeypatch.setattr(commands, "pass_time", pass_time_of)
    monkeypatch.setattr(jobs, "MOST", 2)
    with clock.at(DUE + timedelta(seconds=1)):
        await pass_time(intake_service.database, DUE)
    said = [envelope.data for envelope in await outbox(intake_service.database.engine)]
    assert {event.request_id for event in said if isinstance(event, ReplyPromiseMissed)} == requests
