"""A press on Accept over HTTP, against a bare FastAPI POST and against the same statements without HTTP."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil

from bench.figures import Contest, Ground, Line, Sample, Taken, cpu, database_cpu, paired, rate
from bench.meter import stopwatch
from bench.processes import CONNECTIONS, process, sent
from libs.bus.ids import uuid7
from libs.bus.outbox import prepare
from libs.events.intake import RequestAccepted
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.issuer import DevIssuer
from libs.kit.ports import free_port
from libs.kit.provision import address
from libs.kit.settings import PlatformSettings
from libs.kit.sql import dsn_of
from services.intake.commands.race import CLAIM
from services.intake.queries.race import LOAD

PRESSES, TENANT, MOST = 2_000, "therapy", 2.5
OPEN = """
INSERT INTO requests (id, tenant, client_id, kind, category, locale, one_off, opened_at, promised_until, shown_at,
  closes_at, look_at)
SELECT id, $2, gen_random_uuid(), 'chat', 'anxiety', 'uk', false, now(), now() + interval '1 hour', now(),
  now() + interval '1 day', now() + interval '1 hour'
FROM unnest($1::uuid[]) AS id
"""
JOIN = """
INSERT INTO specialists (id, tenant, joined_at, on_duty_until)
SELECT id, $2, now(), now() + interval '1 day' FROM unnest($1::uuid[]) AS id
"""
REST = "UPDATE specialists SET ready_at = NULL, resting_after = NULL, unanswered = NULL"


@dataclass(frozen=True)
class Specialist:
    """Somebody who presses, with the token they press with."""

    id: UUID
    token: str


@dataclass(frozen=True)
class Stage:
    """Where the race is run: intake on its port, an administrator's connection to its database, the cast."""

    port: int
    intake: psutil.Process
    database: "asyncpg.Connection[asyncpg.Record]"
    url: str
    specialists: Sequence[Specialist]


@asynccontextmanager
async def accept(ground: Ground) -> AsyncIterator[Contest]:
    """The real process of intake, the bare one, and specialists whose tokens intake has seen before."""
    with tempfile.TemporaryDirectory() as run_dir:
        async with _stage(ground, Path(run_dir)) as stage, _bare() as (port, bare):
            yield Contest(
                {
                    "accept": lambda: _won(stage),
                    "bare FastAPI POST": lambda: _bare_posts(port, bare, stage),
                    "asyncpg alone": lambda: _statements(stage),
                    "accept, taken": lambda: _lost(stage),
                },
                _lines,
            )


@asynccontextmanager
async def _stage(ground: Ground, run_dir: Path) -> AsyncIterator[Stage]:
    port = free_port()
    environment = {"DATABASE_URL": ground.admin, "DOVIRA_RUN_DIR": str(run_dir), "DOVIRA_PORT": str(port)}
    ready = f"http://127.0.0.1:{port}/readyz"
    issuer = DevIssuer(PlatformSettings(run_dir=run_dir, port=port))
    specialists = list(_specialists(issuer, PRESSES // 10 if ground.quick else PRESSES))
    async with process("services", "intake", "--api", environment=environment, ready=ready) as intake:
        url = dsn_of(address(ground.admin, "intake"))
        database = await asyncpg.connect(dsn_of(ground.admin), database="dovira_intake")
        await database.execute(JOIN, [each.id for each in specialists], TENANT)
        stage = Stage(port, intake, database, url, specialists)
        await sent(port, [_request("GET", "/readiness", each.token) for each in specialists], intake, expect=200)
        try:
            yield stage
        finally:
            await database.close()


@asynccontextmanager
async def _bare() -> AsyncIterator[tuple[int, psutil.Process]]:
    port = free_port()
    async with process("bench.bare", str(port), environment={}, ready=f"http://127.0.0.1:{port}/") as bare:
        yield port, bare


async def _won(stage: Stage) -> Sample:
    """Everybody presses on a request of their own."""
    presses = _presses(await _opened(stage), [each.token for each in stage.specialists])
    return await sent(stage.port, presses, stage.intake, expect=201)


async def _lost(stage: Stage) -> Sample:
    """Everybody presses on what their neighbour has just taken."""
    requests, tokens = await _opened(stage), [each.token for each in stage.specialists]
    await sent(stage.port, _presses(requests, tokens), stage.intake, expect=201)
    return await sent(stage.port, _presses(requests, [*tokens[1:], tokens[0]]), stage.intake, expect=409)


async def _bare_posts(port: int, bare: psutil.Process, stage: Stage) -> Sample:
    """The very same bytes, sent to who does nothing with them."""
    presses = _presses([uuid7() for _ in stage.specialists], [each.token for each in stage.specialists])
    return await sent(port, presses, bare, expect=201)


async def _statements(stage: Stage) -> Sample:
    """What the database is asked for one accept, asked by this process with everything prepared."""
    asked = iter(
        [_row(request, each.id) for request, each in zip(await _opened(stage), stage.specialists, strict=True)]
    )
    connections = [await asyncpg.connect(stage.url) for _ in range(CONNECTIONS)]
    with stopwatch() as watch:
        await asyncio.gather(*(_claim_all(connection, asked) for connection in connections))
    for connection in connections:
        await connection.close()
    return watch.sample(len(stage.specialists))


async def _claim_all(connection: "asyncpg.Connection[asyncpg.Record]", asked: Iterator[tuple[object, ...]]) -> None:
    for row in asked:
        request_id, specialist_id, _, key = row[:4]
        await connection.execute(f"SELECT set_config('app.tenant', '{TENANT}', false)")
        await connection.fetch(LOAD, request_id, specialist_id, key, None, TENANT)
        if await connection.fetchval(CLAIM, *row) is not True:
            raise RuntimeError("a race of one was lost")


async def _opened(stage: Stage) -> list[UUID]:
    """A fresh request for each specialist, all of whom have rested."""
    requests = [uuid7() for _ in stage.specialists]
    await stage.database.execute(REST)
    await stage.database.execute(OPEN, requests, TENANT)
    return requests


def _row(request_id: UUID, specialist_id: UUID) -> tuple[object, ...]:
    now = clock.now()
    row = prepare(RequestAccepted(
        tenant=TENANT, at=now, request_id=request_id, specialist_id=specialist_id, client_id=uuid7(), kind="chat",
        one_off=False, opened_at=now, reply_due=now,
    ))  # fmt: skip
    ready_at = now + timedelta(minutes=20)
    acceptance = (request_id, specialist_id, TENANT, str(uuid7()), now, ready_at, now, now + timedelta(hours=1))
    return *acceptance, 1, False, False, *([column] for column in row)


def _specialists(issuer: DevIssuer, count: int) -> Iterator[Specialist]:
    for _ in range(count):
        who = Principal(uuid7(), TENANT, "specialist", frozenset({"specialist"}))
        yield Specialist(who.id, issuer.token(who))


def _presses(requests: Sequence[UUID], tokens: Sequence[str]) -> list[bytes]:
    return [
        _request(
            "POST", f"/requests/{request}/acceptance", token, f"Idempotency-Key: {uuid7()}\r\nContent-Length: 0\r\n"
        )
        for request, token in zip(requests, tokens, strict=True)
    ]


def _request(method: str, path: str, token: str, more: str = "") -> bytes:
    head = f"{method} /intake/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    return head.encode()


def _lines(taken: Taken) -> list[Line]:
    ours, bare = taken["accept"], taken["bare FastAPI POST"]
    plain, lost = taken["asyncpg alone"], taken["accept, taken"]
    times = cpu(ours) / cpu(bare)
    return [
        Line(
            "accept, CPU us/request", f"{cpu(ours):.0f}", f"bare POST {cpu(bare):.0f}",
            f"{times:.2f}", f"≤ {MOST}", times <= MOST,
        ),
        Line("", f"{cpu(ours):.0f}", f"asyncpg {cpu(plain):.0f}", f"{cpu(ours) / cpu(plain):.2f}"),
        Line("accept, CPU us/request (PostgreSQL)", f"{database_cpu(ours):.0f}", f"asyncpg {database_cpu(plain):.0f}"),
        Line("accept, requests/s", f"{rate(ours):,.0f}", f"bare POST {rate(bare):,.0f}", f"{paired(ours, bare):.2f}"),
        Line("accept, requests/s", f"{rate(ours):,.0f}", f"asyncpg {rate(plain):,.0f}", f"{paired(ours, plain):.2f}"),
        Line(
            "accept of a taken request (409), CPU us/request", f"{cpu(lost):.0f}", f"bare POST {cpu(bare):.0f}",
            f"{cpu(lost) / cpu(bare):.2f}",
        ),
    ]  # fmt: skip
