"""What intake's tests have people do."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import delete, insert, text

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.service import Running
from services.intake.tables import SpecialistRow
from tests.people import OLENA, THERAPY, Principal

As = Callable[..., dict[str, str]]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


def crowd(size: int) -> list[Principal]:
    """So many specialists."""
    return [Principal(uuid7(), THERAPY, "specialist", frozenset({"specialist"})) for _ in range(size)]


async def joined(intake: Running, people: Iterable[Principal], **said: Any) -> Sequence[Principal]:
    """Specialists who take part and are on duty."""
    known, on_duty = list(people), {"on_duty_until": datetime(2100, 1, 1, tzinfo=UTC)}
    rows = [{"id": each.id, "tenant": each.tenant, "joined_at": clock.now()} | on_duty | said for each in known]
    async with intake.database.session("*") as tx:
        known_before = delete(SpecialistRow).where(SpecialistRow.id.in_([each.id for each in known]))
        await tx.execute(known_before)
        await tx.execute(insert(SpecialistRow), rows)
    return known


async def opened(client: httpx.AsyncClient, as_: As, by: Principal = OLENA, **told: Any) -> Any:
    """A request, as its client gets to see it."""
    asked = {"kind": "chat", "category": "grief", "locale": "uk"} | told
    answer = await client.post("requests", json=asked, headers=as_(by, key=str(uuid7())))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def press(
    client: httpx.AsyncClient, as_: As, by: Principal, request: Any, key: str | None = None
) -> httpx.Response:
    """One press on Accept."""
    return await client.post(f"requests/{request['id']}/acceptance", headers=as_(by, key=key or str(uuid7())))


async def at_once(
    intake: Running, table: str, presses: Sequence[Coroutine[Any, Any, httpx.Response]]
) -> list[httpx.Response]:
    """Presses of which none can write before all have read: the race that chance would rarely give."""
    async with asyncio.timeout(60), intake.database.session("*") as tx:
        await tx.execute(text(f"SELECT 1 FROM {table} FOR UPDATE"))  # noqa: S608 - a name from the test itself
        pressing = asyncio.gather(*presses)
        while await waiting(intake) < len(presses):  # noqa: ASYNC110 - only PostgreSQL knows
            await asyncio.sleep(0.01)
    return await pressing


async def waiting(intake: Running) -> int:
    """How many transactions wait for a row; asked in a new one each time, for within one the answer stands still."""
    async with intake.database.begin() as connection:
        return int((await connection.execute(WAITING)).scalar_one())
