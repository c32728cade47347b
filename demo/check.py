"""`python -m demo.check`: what the platform says of the demo month over HTTP, against a recount of the raw rows.

On the platform that is running, or on one started just for it; where the month has not happened yet, it happens first.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from rich.table import Table

from demo.__main__ import answers
from demo.progress import Progress
from demo.recount import Row, Standing, chart, spells_away, standing, weeks_until
from demo.replay import replay
from demo.rows import Database, Rows
from libs.kit import logs
from libs.kit.auth import Principal
from libs.kit.cli import Platform, main
from libs.kit.console import console, refused
from libs.kit.errors import StartRefused
from libs.kit.issuer import DevIssuer
from libs.kit.settings import PlatformSettings, read
from libs.kit.together import Together
from services.__main__ import SERVICES

ROUNDS = 5
CLOSE = timedelta(milliseconds=1)
CELLS = ("requests", "accepts", "median_wait_seconds", "presses", "wins", "chance")


class Different(Exception):
    """The platform and the recount do not say the same."""


@dataclass
class Compared:
    """How much was looked at and found equal."""

    charts: int = 0
    hours: int = 0
    cells: int = 0
    filled: int = 0
    orders: int = 0
    in_queue: int = 0
    by_history: int = 0


class Check:
    """One look at a running platform from both sides."""

    def __init__(self, url: str, issuer: DevIssuer, database: Database) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=15)
        self._issuer, self._database, self.compared = issuer, database, Compared()

    async def run(self) -> Compared:
        """Compare everything; Different at the first difference. What changes meanwhile is looked at again."""
        async with self._http:
            for _ in range(ROUNDS):
                rows, self.compared = await self._database.rows(), Compared()
                difference = await self._difference(rows)
                if await self._database.rows() == rows:
                    if difference:
                        raise difference
                    return self.compared
            raise Different("People are too busy here: the rows changed each time while they were being counted.")

    async def _difference(self, rows: Rows) -> Different | None:
        try:
            for specialist in rows.all("specialists"):
                await self._chart(rows, _specialist(specialist["id"], specialist["tenant"]))
            for order in rows.all("orders"):
                await self._status(rows, order)
        except Different as difference:
            return difference
        return None

    async def _chart(self, rows: Rows, who: Principal) -> None:
        house, before = rows.houses[who.tenant], await self._database.now()
        told = await self._get(who, "/intake/v1/load-chart")
        asked = [weeks_until(at, house) for at in (before, await self._database.now())]
        since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
        if (since, until) not in asked:
            raise Different(f"The load chart of {who.id} is of {since} to {until}, not of {asked[0]}.")
        counted = chart(
            rows.of("requests", who.tenant), rows.of("presses", who.tenant), rows.of("bars", who.tenant), who.id,
            since=since, until=until, house=house,
        )  # fmt: skip
        if len(told["hours"]) != len(counted):
            raise Different(f"The load chart of {who.id} has {len(told['hours'])} hours, not {len(counted)}.")
        for one, other in zip(told["hours"], counted, strict=True):
            self._hour(f"the load chart of {who.id} ({who.tenant})", one, other)
        self.compared.charts += 1

    def _hour(self, what: str, told: dict[str, Any], counted: dict[str, Any]) -> None:
        for name, value in counted.items():
            if not _equal(told[name], value):
                hour = f"weekday {counted['weekday']}, hour {counted['hour']}, {name}"
                raise Different(f"In {what}, {hour}: the platform says {told[name]}, the recount {value}.")
        self.compared.hours += 1
        self.compared.cells += len(CELLS)
        self.compared.filled += sum(bool(counted[name]) for name in CELLS)

    async def _status(self, rows: Rows, order: Row) -> None:
        """The moment of the answer lies between two that are known, and so must everything that moves with it."""
        who, before = _specialist(order["specialist_id"], order["tenant"]), await self._database.now()
        told = await self._get(who, f"/intake/v1/orders/{order['id']}/status")
        asked = before, await self._database.now()
        low, high = (self._counted(rows, order, at) for at in asked)
        for name, seen, least, most in _sides(told, low, high):
            if not _within(seen, least, most):
                raise Different(
                    f"Of order {order['id']} ({order['kind']}), {name}: the platform says {seen}, the recount {least}"
                    + (f" to {most}." if least != most else ".")
                )
        self.compared.orders += 1
        self.compared.in_queue += low.position is not None
        self.compared.by_history += low.basis == "history"

    def _counted(self, rows: Rows, order: Row, at: datetime) -> Standing:
        house = rows.houses[order["tenant"]]
        named = [
            each for each in rows.of("holidays", order["tenant"]) if each["specialist_id"] == order["specialist_id"]
        ]
        away = spells_away(named[0]["firsts"], named[0]["lasts"], house) if named else ()
        return standing(order, rows.of("orders", order["tenant"]), away, now=at, house=house)

    async def _get(self, who: Principal, path: str) -> dict[str, Any]:
        answer = await self._http.get(path, headers={"Authorization": f"Bearer {self._issuer.token(who)}"})
        if answer.is_error:
            raise Different(f"GET {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found


def _specialist(id: Any, tenant: str) -> Principal:
    return Principal(id, tenant, "specialist", frozenset({"specialist"}))


def _equal(told: Any, counted: Any) -> bool:
    if told is None or counted is None or isinstance(counted, int):
        return bool(told == counted)
    return bool(abs(float(told) - counted) < CLOSE.total_seconds() / 1000)


def _sides(told: dict[str, Any], low: Standing, high: Standing) -> Iterator[tuple[str, Any, Any, Any]]:
    wait = told["wait"]
    yield "the place", told["position"], low.position, high.position
    yield "the basis", wait["basis"], low.basis, high.basis
    yield "the deliveries", wait["deliveries"], low.deliveries, high.deliveries
    for name, least, most in (("earliest", low.earliest, high.earliest), ("latest", low.latest, high.latest)):
        yield name, datetime.fromisoformat(wait[name]) if wait[name] else None, least, most


def _within(seen: Any, least: Any, most: Any) -> bool:
    if isinstance(seen, datetime) and isinstance(least, datetime) and isinstance(most, datetime):
        return least - CLOSE <= seen <= most + CLOSE
    return seen in {least, most}


def _show(found: Compared) -> None:
    table = Table("compared", "so many", "of them", box=None)
    table.add_row("load charts", str(found.charts), "")
    table.add_row("hours", str(found.hours), "")
    table.add_row("cells", str(found.cells), f"{found.filled} not empty")
    table.add_row("orders", str(found.orders), f"{found.in_queue} in a queue, {found.by_history} told by history")
    console.print(table)
    console.print("equal")


async def check(url: str, issuer: DevIssuer, platform: PlatformSettings) -> int:
    """Compare, and say what came of it; the exit code."""
    database = await Database.open(platform)
    try:
        _show(await Check(url, issuer, database).run())
    except Different as difference:
        refused(f"different: {difference}")
        return 1
    finally:
        await database.close()
    return 0


def check_once(codes: list[int], failures: list[Exception]) -> Callable[[Together], Awaitable[None]]:
    """What to do when a platform of our own is up: let the month happen, check, and end it."""

    async def look(everything: Together) -> None:
        try:
            await replay(everything, Progress(console))
            if everything.issuer:
                codes.append(await check(everything.platform.base_url, everything.issuer, everything.platform))
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform has to end
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    return look


def run() -> int:
    """Check the platform that is running, or one of our own; the exit code."""
    settings = read(PlatformSettings)
    if answers(settings.base_url):
        logs.configure(level="error")
        try:
            return asyncio.run(check(settings.base_url, DevIssuer(settings), settings))
        except StartRefused as refusal:
            refused(str(refusal))
            return 1
    codes, failures = list[int](), list[Exception]()
    os.environ.setdefault("DOVIRA_LOG_LEVEL", "error")
    code = main(Platform(SERVICES, when_ready=check_once(codes, failures)), [])
    for failure in failures:
        raise failure
    return code or max(codes, default=1)


if __name__ == "__main__":
    sys.exit(run())
