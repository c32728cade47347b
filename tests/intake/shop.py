"""What clients and specialists do with orders in intake's tests."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.kit.service import Running
from tests.canary import WORDS
from tests.intake.cast import As, waiting
from tests.people import ANNA, OLENA, OMAR, THERAPY, Principal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
ASKED = [WORDS]
PRICE = {"currency": "UAH", "least": 150_000, "most": 250_000}
LINK = "https://example.org/r/8Jq2"


def clients(size: int) -> list[Principal]:
    """So many clients."""
    return [Principal(uuid7(), THERAPY, "client", frozenset({"client"})) for _ in range(size)]


async def after_all_have_read(
    intake: Running, table: str, presses: Sequence[Coroutine[Any, Any, httpx.Response]]
) -> list[httpx.Response]:
    """Presses of which none can write to a table before all that may read it have."""
    async with asyncio.timeout(60), intake.database.session("*") as tx:
        await tx.execute(text(f"LOCK {table} IN SHARE MODE"))
        pressing = asyncio.gather(*presses)
        while await waiting(intake) < len(presses):  # noqa: ASYNC110 - only PostgreSQL knows
            await asyncio.sleep(0.01)
    return await pressing


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


@dataclass(frozen=True)
class Shop:
    """Orders over HTTP, as people make them."""

    http: httpx.AsyncClient
    intake: Running
    as_: As

    async def get(self, path: str, by: Principal = OLENA) -> httpx.Response:
        return await self.http.get(path, headers=self.as_(by))

    async def post(self, path: str, by: Principal, key: str | None = None, **told: Any) -> httpx.Response:
        headers = self.as_(by, key=key or str(uuid7()))
        return await self.http.post(path, json=told or None, headers=headers)

    async def put(self, path: str, by: Principal, **told: Any) -> httpx.Response:
        return await self.http.put(path, json=told or None, headers=self.as_(by))

    async def offer(self, kind: str, by: Principal = ANNA, *, seen: int | None = None, **told: Any) -> httpx.Response:
        headers = self.as_(by) | ({"If-Match": f'"{seen}"'} if seen else {})
        return await self.http.put(f"service-kinds/{kind}", json={"price": PRICE} | told, headers=headers)

    async def offers(self, *kinds: str, by: Principal = ANNA) -> None:
        for kind in kinds:
            assert (await self.offer(kind, by)).status_code == 200

    async def order(
        self, kind: str, by: Principal = OLENA, to: Principal = ANNA, *, asked: Sequence[str] = ASKED, version: int = 1
    ) -> httpx.Response:
        return await self.post(
            "orders", by, specialist_id=str(to.id), kind=kind, terms_version=version, questions=list(asked)
        )

    async def placed(self, kind: str, by: Principal = OLENA, to: Principal = ANNA, **told: Any) -> str:
        answer = await self.order(kind, by, to, **told)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def paid(self, kind: str, by: Principal = OLENA, to: Principal = ANNA, **told: Any) -> str:
        order = await self.placed(kind, by, to, **told)
        await self.done(f"orders/{order}/payment", by)
        return order

    async def started(self, kind: str, by: Principal = OLENA, **told: Any) -> str:
        order = await self.paid(kind, by, **told)
        await self.done(f"orders/{order}/start", ANNA)
        return order

    async def delivered(self, kind: str, by: Principal = OLENA, link: str | None = LINK) -> str:
        order = await self.started(kind, by)
        await self.done(f"orders/{order}/delivery", ANNA, link=link)
        return order

    async def done(self, path: str, by: Principal, **told: Any) -> Any:
        """Something that succeeds."""
        answer = await self.post(path, by, **told)
        assert answer.is_success, answer.text
        return answer.json()

    async def seen(self, order: str, by: Principal = OLENA) -> Any:
        return (await self.get(f"orders/{order}", by)).json()

    async def words(self, order: str, by: Principal = OLENA) -> list[str]:
        """What was asked, as one of the sides reads it."""
        return [each["words"] for each in (await self.get(f"orders/{order}/questions", by)).json()["questions"]]

    async def status(self, order: str, by: Principal = OLENA) -> Any:
        return (await self.get(f"orders/{order}/status", by)).json()

    async def rules(self, **orders: Any) -> None:
        """The house changes its rules of orders."""
        await self.done("policies", OMAR, changes={"orders": orders})

    async def said(self, kind: type) -> list[Any]:
        """Events of one kind that wait to be relayed."""
        return [each.data for each in await outbox(self.intake.database.engine) if type(each.data) is kind]

    async def rows(self, statement: str) -> list[Any]:
        async with self.intake.database.begin() as connection:
            return list(await connection.execute(text(statement)))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """By what status and name something was refused."""
    return answer.status_code, answer.json()["code"]
