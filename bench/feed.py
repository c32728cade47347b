"""The feed with a thousand readers on one instance, against a stream written by hand that has no database to ask."""

import asyncio
import contextlib
import hashlib
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, Self

import asyncpg
import httpx
import psutil

from bench.figures import Contest, Ground, Line, Sample, Taken, cpu
from bench.meter import stopwatch
from bench.processes import process
from libs.bus.ids import uuid7
from libs.kit.issuer import DevIssuer
from libs.kit.personas import OLENA
from libs.kit.ports import free_port
from libs.kit.settings import PlatformSettings
from libs.kit.sql import dsn_of

READERS, POSTS, IDLE, ROUNDS, MOST, TENANT = 1_000, 40, 20, 10, 1.5, "therapy"
ADMITTED_WITHIN, ARRIVES_WITHIN, ENDS_WITHIN, PAUSE = 60.0, 20.0, 5.0, 0.15
SHOWN = b"event: request"
JOIN = """
INSERT INTO specialists (id, tenant, joined_at, on_duty_until)
SELECT id, $2, now(), now() + interval '1 day' FROM unnest($1::uuid[]) AS id
"""
TICKETS = """
INSERT INTO feed_tickets (digest, tenant, specialist_id, expires_at)
SELECT digest, $3, id, now() + interval '10 minutes' FROM unnest($1::bytea[], $2::uuid[]) AS ticket (digest, id)
"""


class Reader(asyncio.Protocol):
    """An open stream, which counts what it is shown and tells the crowd."""

    def __init__(self, crowd: "Crowd") -> None:
        loop = asyncio.get_running_loop()
        self._crowd, self.shown, self.admitted, self.ended = crowd, 0, loop.create_future(), loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to ask."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Count the cards."""
        if not self.admitted.done():
            self.admitted.set_result(None)
        count = data.count(SHOWN)
        if count:
            self.shown += count
            self._crowd.saw(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server ended the stream."""
        del exc
        if not self.ended.done():
            self.ended.set_result(time.perf_counter())


@dataclass
class Crowd:
    """All readers of one server: knows when the last of them has seen a card."""

    port: int
    server: psutil.Process
    publish: Callable[[], Awaitable[None]]
    readers: list[Reader] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    each_holds: float = 0.0

    def __post_init__(self) -> None:
        self._waiting, self._posted, self._all = 0, 0, asyncio.Event()

    async def gather(self, paths: Sequence[str]) -> Self:
        """Open one stream per path; what each costs the server in memory."""
        before = self.server.memory_info().rss
        for path in paths:
            self.readers.append(await self._open(path))
        await asyncio.wait_for(asyncio.gather(*(reader.admitted for reader in self.readers)), ADMITTED_WITHIN)
        await asyncio.sleep(1.0)
        self.each_holds = (self.server.memory_info().rss - before) / max(1, len(paths)) / 1024
        for reader in self.readers:
            reader.shown = 0
        return self

    async def run(self, posts: int, spread: list[float]) -> Sample:
        """Publish, and wait each time until the last reader has it; the milliseconds go into `spread`."""
        with stopwatch(self.server) as watch:
            for _ in range(posts):
                began = time.perf_counter()
                self._posted, self._waiting = self._posted + 1, len(self.readers)
                self._all.clear()
                await self.publish()
                await asyncio.wait_for(self._all.wait(), ARRIVES_WITHIN)
                spread.append(1000 * (time.perf_counter() - began))
                await asyncio.sleep(PAUSE)
        return watch.sample(posts * len(self.readers))

    def saw(self, reader: Reader) -> None:
        """One more has the newest card."""
        if reader.shown == self._posted:
            self._waiting -= 1
            if self._waiting == 0:
                self._all.set()

    async def end(self) -> float:
        """Seconds from the signal to the end of the last stream and of the process."""
        began = time.perf_counter()
        self.server.terminate()
        await asyncio.wait_for(asyncio.gather(*(reader.ended for reader in self.readers)), 4 * ENDS_WITHIN)
        await asyncio.to_thread(self._see_it_end)
        return time.perf_counter() - began

    def _see_it_end(self) -> None:
        """Only look: whoever started the process is the one to wait for it."""
        with contextlib.suppress(psutil.NoSuchProcess):
            while self.server.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)

    async def beside_idle(self, posts: int, spread: list[float]) -> Sample:
        """The same, beside readers who opened a stream and take nothing from it."""
        idle = [await self._asked(asyncio.Protocol, path) for path in self.spare[:IDLE]]
        del self.spare[:IDLE]
        for transport, _ in idle:
            transport.pause_reading()
        sample = await self.run(posts, spread)
        for transport, _ in idle:
            transport.abort()
        return sample

    async def _open(self, path: str) -> Reader:
        reader = Reader(self)
        await self._asked(lambda: reader, path)
        return reader

    async def _asked(self, kind: Callable[[], Any], path: str) -> tuple[asyncio.Transport, Any]:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(kind, "127.0.0.1", self.port)
        transport.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return transport, protocol


@asynccontextmanager
async def feed(ground: Ground) -> AsyncIterator[Contest]:
    """Intake with its readers, and the stream by hand with as many."""
    readers, posts = (READERS // 10, POSTS // 4) if ground.quick else (READERS, POSTS)
    with tempfile.TemporaryDirectory() as run_dir:
        async with _ours(ground, Path(run_dir), readers) as ours, _by_hand(readers) as theirs:
            spread: dict[str, list[float]] = {"feed": [], "by hand": [], "feed, some idle": []}
            yield Contest(
                {
                    "feed": lambda: ours.run(posts, spread["feed"]),
                    "by hand": lambda: theirs.run(posts, spread["by hand"]),
                    "feed, some idle": lambda: ours.beside_idle(posts, spread["feed, some idle"]),
                },
                lambda taken: _lines(taken, spread, (ours.each_holds, theirs.each_holds)),
            )
            print(f"SIGTERM with {readers} open streams: all had ended after {await ours.end():.2f} s")


@asynccontextmanager
async def _ours(ground: Ground, run_dir: Path, readers: int) -> AsyncIterator[Crowd]:
    port = free_port()
    environment = {"DATABASE_URL": ground.admin, "DOVIRA_RUN_DIR": str(run_dir), "DOVIRA_PORT": str(port)}
    token = DevIssuer(PlatformSettings(run_dir=run_dir, port=port)).token(OLENA)
    asked = {"kind": "chat", "category": "anxiety", "locale": "uk"}
    ready = f"http://127.0.0.1:{port}/readyz"
    async with (
        process("services", "intake", "--api", environment=environment, ready=ready) as intake,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/intake/v1", trust_env=False) as http,
    ):

        async def publish() -> None:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid7())}
            (await http.post("/requests", json=asked, headers=headers)).raise_for_status()

        tickets = await _tickets(ground.admin, readers + ROUNDS * IDLE)
        paths = [f"/intake/v1/feed?ticket={ticket}" for ticket in tickets]
        yield await Crowd(port, intake, publish, spare=paths[readers:]).gather(paths[:readers])


@asynccontextmanager
async def _by_hand(readers: int) -> AsyncIterator[Crowd]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with process("bench.fan", str(port), environment={}, ready=url) as fan, httpx.AsyncClient() as http:

        async def publish() -> None:
            (await http.post(f"{url}/publish")).raise_for_status()

        yield await Crowd(port, fan, publish).gather(["/feed"] * readers)


async def _tickets(admin: str, count: int) -> list[str]:
    """As many tickets, each for a specialist of its own who is on duty."""
    tickets, people = [secrets.token_urlsafe(24) for _ in range(count)], [uuid7() for _ in range(count)]
    database = await asyncpg.connect(dsn_of(admin), database="dovira_intake")
    await database.execute(JOIN, people, TENANT)
    await database.execute(TICKETS, [hashlib.sha256(each.encode()).digest() for each in tickets], people, TENANT)
    await database.close()
    return tickets


def _lines(taken: Taken, spread: Mapping[str, Sequence[float]], holds: tuple[float, float]) -> list[Line]:
    (p50, p99), (hand50, hand99), (idle50, idle99) = (_percentiles(each) for each in spread.values())
    ours, hand = cpu(taken["feed"]), cpu(taken["by hand"])
    return [
        Line("feed, POST to last delivery p50, ms", f"{p50:.1f}", f"by hand {hand50:.1f}", f"{p50 / hand50:.2f}"),
        Line(
            "feed, POST to last delivery p99, ms", f"{p99:.1f}", f"by hand {hand99:.1f}", f"{p99 / hand99:.2f}",
            f"≤ {MOST}", p99 / hand99 <= MOST,
        ),
        Line(f"the same beside {IDLE} who do not read, p50 / p99, ms", f"{idle50:.1f} / {idle99:.1f}"),
        Line("feed, CPU us/delivery", f"{ours:.1f}", f"by hand {hand:.1f}", f"{ours / hand:.2f}"),
        Line("feed, KB/reader", f"{holds[0]:.0f}", f"by hand {holds[1]:.0f}", f"{holds[0] / holds[1]:.2f}"),
    ]  # fmt: skip


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]
