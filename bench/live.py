"""A thousand live connections on one instance of chat, against sockets by hand that keep nothing and ask nobody."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import quantiles
from typing import Any

import asyncpg
import psutil

from bench.figures import Contest, Ground, Line, Sample, Taken, cpu, database_cpu, rate
from bench.meter import stopwatch
from bench.processes import process
from bench.talkers import Told
from libs.bus.ids import uuid7
from libs.kit.ports import free_port
from libs.kit.sql import dsn_of

PAIRS, A_SECOND, SECONDS, AT_ONCE, TENANT = 500, 100, 10.0, 64, "therapy"
SEEN_AT = (0.1, 0.5, 1.0)  # of the connections, where memory is read
LIMIT = 2**22  # bytes of a line that the other process says
TALKS = """
INSERT INTO conversations (id, tenant, purpose, privacy_mode, client_id, counterpart_id, counterpart_side,
  specialist_id, opened_at, since_seq, last_seq)
SELECT id, $4, 'request', 'sealed', client, specialist, 'specialist', specialist, now(), 0, 0
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS talk (id, client, specialist)
"""
TICKETS = """
INSERT INTO live_tickets (digest, tenant, conversation_id, reader_id, roles, expires_at)
SELECT digest, $5, talk, reader, ARRAY[role], now() + interval '10 minutes'
FROM unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::text[]) AS ticket (digest, talk, reader, role)
"""
Pair = tuple[str, str, str]  # a path, and a ticket for each side


class Crowd:
    """All connections to one server, which another process holds."""

    def __init__(self, server: psutil.Process, talkers: asyncio.subprocess.Process) -> None:
        self._server, self._talkers = server, talkers
        self.spread: list[float] = []
        self.memory: list[tuple[int, float]] = []

    async def gather(self, pairs: int) -> None:
        """Open them, and see on the way what the server holds for so many sockets, in KB."""
        opened = 0
        for part in SEEN_AT:
            await self._told("open", int(part * pairs) - opened)
            opened = int(part * pairs)
            await asyncio.sleep(1.0)
            self.memory.append((2 * opened, self._server.memory_info().rss / 1024))

    @property
    def each_holds(self) -> float:
        """KB that one more socket costs."""
        (few, less), (many, more) = self.memory[0], self.memory[-1]
        return (more - less) / (many - few)

    async def steady(self, seconds: float) -> Sample:
        """So many messages a second."""
        sample, told = await self._measured("steady", A_SECOND, seconds)
        self.spread += told["spread"]
        return sample

    async def flood(self, seconds: float) -> Sample:
        """As many as there can be."""
        sample, _ = await self._measured("flood", AT_ONCE, seconds)
        return sample

    async def _measured(self, act: str, *how: float) -> tuple[Sample, Told]:
        with stopwatch(self._server) as watch:
            told: Told = await self._told(act, *how)
        return watch.sample(len(told["spread"]))._replace(seconds=told["seconds"]), told

    async def _told(self, *what: str | float) -> Any:
        if self._talkers.stdin is None or self._talkers.stdout is None:
            raise RuntimeError("the other process cannot be spoken to")
        self._talkers.stdin.write(json.dumps(what).encode() + b"\n")
        said = await self._talkers.stdout.readline()
        if not said:
            raise RuntimeError("the other process has ended")
        return json.loads(said)


@asynccontextmanager
async def live(ground: Ground) -> AsyncIterator[Contest]:
    """Chat with its talks, and sockets by hand with as many."""
    pairs, seconds = (PAIRS // 10, SECONDS / 5) if ground.quick else (PAIRS, SECONDS)
    async with _ours(ground, pairs) as ours, _by_hand(pairs) as theirs:
        yield Contest(
            {
                "live": lambda: ours.steady(seconds),
                "by hand": lambda: theirs.steady(seconds),
                "live, all it can": lambda: ours.flood(seconds),
                "by hand, all it can": lambda: theirs.flood(seconds),
            },
            lambda taken: _lines(taken, ours, theirs),
        )


@asynccontextmanager
async def _ours(ground: Ground, pairs: int) -> AsyncIterator[Crowd]:
    port = free_port()
    with tempfile.TemporaryDirectory() as run_dir:
        environment = {
            "DATABASE_URL": ground.admin, "DOVIRA_RUN_DIR": run_dir, "DOVIRA_PORT": str(port),
            "CHAT_MESSAGES_AT_ONCE": "1000000", "DOVIRA_POOL_WAIT": "30",
        }  # fmt: skip
        ready = f"http://127.0.0.1:{port}/readyz"
        async with (
            process("services", "chat", "--api", environment=environment, ready=ready) as chat,
            _crowd(port, chat, await _talks(ground.admin, pairs), pairs) as crowd,
        ):
            yield crowd


@asynccontextmanager
async def _by_hand(pairs: int) -> AsyncIterator[Crowd]:
    port = free_port()
    talks = [(f"/{number}/live", "", "") for number in range(pairs)]
    async with (
        process("bench.pair", str(port), environment={}, ready=f"http://127.0.0.1:{port}") as by_hand,
        _crowd(port, by_hand, talks, pairs) as crowd,
    ):
        yield crowd


@asynccontextmanager
async def _crowd(port: int, server: psutil.Process, talks: Sequence[Pair], pairs: int) -> AsyncIterator[Crowd]:
    with tempfile.NamedTemporaryFile("w") as file:
        json.dump(talks, file)
        file.flush()
        talkers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.talkers", str(port), file.name, limit=LIMIT,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            crowd = Crowd(server, talkers)
            await crowd.gather(pairs)
            yield crowd
        finally:
            with contextlib.suppress(ProcessLookupError):
                talkers.kill()
            await talkers.wait()


async def _talks(admin: str, count: int) -> list[Pair]:
    """As many conversations of people of their own, with a ticket for each."""
    talks, clients, specialists = ([uuid7() for _ in range(count)] for _ in range(3))
    tickets = [secrets.token_urlsafe(24) for _ in range(2 * count)]
    digests = [hashlib.sha256(each.encode()).digest() for each in tickets]
    roles = ["client"] * count + ["specialist"] * count
    database = await asyncpg.connect(dsn_of(admin), database="dovira_chat")
    await database.execute(TALKS, talks, clients, specialists, TENANT)
    await database.execute(TICKETS, digests, talks * 2, clients + specialists, roles, TENANT)
    await database.close()
    paths = [f"/chat/v1/conversations/{talk}/live" for talk in talks]
    return list(zip(paths, tickets[:count], tickets[count:], strict=True))


def _lines(taken: Taken, ours: Crowd, theirs: Crowd) -> list[Line]:
    (p50, p99), (hand50, hand99) = _percentiles(ours.spread), _percentiles(theirs.spread)
    spent: Mapping[str, float] = {name: cpu(samples) for name, samples in taken.items()}
    most, hand = rate(taken["live, all it can"]), rate(taken["by hand, all it can"])
    sockets, quiet = ours.memory[-1][0], f"live, {A_SECOND}/s, send to delivery"
    each, hand_each = ours.each_holds, theirs.each_holds
    return [
        Line(f"{quiet} p50, ms, {sockets} sockets", f"{p50:.1f}", f"by hand {hand50:.1f}", f"{p50 / hand50:.2f}"),
        Line(f"{quiet} p99, ms", f"{p99:.1f}", f"by hand {hand99:.1f}", f"{p99 / hand99:.2f}"),
        Line("live, CPU us/message", f"{spent['live']:.0f}", f"by hand {spent['by hand']:.0f}",
             f"{spent['live'] / spent['by hand']:.2f}"),
        Line("live, CPU us/message (PostgreSQL)", f"{database_cpu(taken['live']):.0f}"),
        Line("live, messages/s, all one instance can", f"{most:,.0f}", f"by hand {hand:,.0f}", f"{most / hand:.2f}"),
        Line("the same, CPU us/message", f"{spent['live, all it can']:.0f}",
             f"by hand {spent['by hand, all it can']:.0f}",
             f"{spent['live, all it can'] / spent['by hand, all it can']:.2f}"),
        Line("live, KB/socket", f"{each:.0f}", f"by hand {hand_each:.0f}", f"{each / hand_each:.2f}"),
        Line("live, MB at " + ", ".join(f"{count}" for count, _ in ours.memory) + " sockets",
             ", ".join(f"{held / 1024:.0f}" for _, held in ours.memory),
             "by hand " + ", ".join(f"{held / 1024:.0f}" for _, held in theirs.memory)),
    ]  # fmt: skip


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[98]
