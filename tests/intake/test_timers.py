"""What time causes, when every instance looks at it in the same moment."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx

from libs.bus.testing import outbox
from libs.kit import clock
from libs.kit.service import Running
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
