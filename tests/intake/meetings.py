"""What the two sides of an engagement do to each other in tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.kit import clock
from libs.kit.service import Running
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, OLENA, OMAR, Principal

BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST = BEGUN + timedelta(days=3)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)


@dataclass(frozen=True)
class Work:
    """An engagement over HTTP: each call happens at a moment, by somebody."""

    http: httpx.AsyncClient
    as_: As
    intake: Running
    id: str

    async def book(self, starts_at: datetime = FIRST, by: Principal = ANNA, at: datetime = BEGUN) -> httpx.Response:
        return await self.call(by, f"requests/{self.id}/sessions", at, {"starts_at": starts_at.isoformat()})

    async def booked(self, starts_at: datetime = FIRST, at: datetime = BEGUN) -> str:
        answer = await self.book(starts_at, at=at)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def held(self, starts_at: datetime = FIRST) -> str:
        """A session that its specialist says was held."""
        session = await self.booked(starts_at, at=starts_at - HOUR)
        assert (await self.tell(session, ANNA, "held", starts_at + HOUR)).status_code == 200
        return session

    async def tell(self, session: str, by: Principal, outcome: str, at: datetime) -> httpx.Response:
        return await self.call(by, f"sessions/{session}/outcome", at, {"outcome": outcome})

    async def move(self, session: str, by: Principal, to: datetime, at: datetime) -> httpx.Response:
        return await self.call(by, f"sessions/{session}/move", at, {"starts_at": to.isoformat()})

    async def pay(self, number: int, by: Principal = OLENA, at: datetime = FIRST + 2 * HOUR) -> httpx.Response:
        return await self.call(by, f"requests/{self.id}/purchases", at, {"number": number})

    async def refuse(self, by: Principal = ANNA, at: datetime = FIRST + 2 * HOUR, **told: Any) -> httpx.Response:
        asked = {"reason": "values", "farewell_sent": True} | told
        return await self.call(by, f"requests/{self.id}/refusal", at, asked)

    async def window(self, by: Principal = ANNA) -> Any:
        return (await self.get(by, f"requests/{self.id}/refusal")).json()

    async def call(self, by: Principal, path: str, at: datetime, body: Any = None) -> httpx.Response:
        with clock.at(at):
            return await self.http.post(path, json=body, headers=self.as_(by, key=str(uuid7())))

    async def get(self, by: Principal, path: str) -> httpx.Response:
        return await self.http.get(path, headers=self.as_(by))

    async def said(self, *kinds: type) -> list[Any]:
        """Events that wait to be relayed, in their order."""
        told = [envelope.data for envelope in await outbox(self.intake.database.engine)]
        return [event for event in told if type(event) in kinds]

    async def rules(self, **numbers: Any) -> None:
        """Ops changes the numbers of this house."""
        changed = await self.call(OMAR, "policies", BEGUN, {"changes": {"sessions": numbers}})
        assert changed.status_code == 201, changed.text

    async def write(self, statement: str, **values: Any) -> None:
        async with self.intake.database.begin() as connection:
            await connection.execute(text(statement), values)


async def engaged(
    intake: Running, client: httpx.AsyncClient, as_: As, *, by: Principal = OLENA, winner: Principal = ANNA, **told: Any
) -> Work:
    """A request that somebody won."""
    with clock.at(BEGUN):
        await joined(intake, [winner])
        request = await opened(client, as_, by, **told)
        won = await press(client, as_, winner, request)
        assert won.status_code == 201, won.text
    return Work(client, as_, intake, request["id"])
