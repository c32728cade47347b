"""Processes of a service on one database and one log, to be killed and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import make_url

from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP
from libs.events import TOPICS, Envelope, decode
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.issuer import DevIssuer
from libs.kit.ports import free_port
from libs.kit.provision import provision
from libs.kit.settings import PlatformSettings
from libs.kit.sql import dsn_of
from tests.faults.wire import Answer, Line, NotSent, Unknown

ROOT, PUBLIC_URL = Path(__file__).parents[2], "http://dovira.test"
READY_WITHIN, PATIENCE = 120.0, 600.0
# Lies to a process about the time; `apt install faketime` where it is missing.
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
ON_DUTY = "UPDATE specialists SET on_duty_until = now() + interval '12 hours' WHERE tenant = $1"
AT_REST = "SELECT NOT EXISTS (SELECT FROM outbox) AND NOT EXISTS (SELECT FROM presses WHERE NOT told)"


class Instance:
    """One process; `up` is what a load balancer would know of it."""

    def __init__(self, environment: Mapping[str, str], service: str = "intake", *options: str) -> None:
        self.port, self.up, self.kills = free_port(), False, 0
        self._service, self._options = service, options
        self._environment = {**os.environ, **environment, "DOVIRA_PORT": str(self.port), "DOVIRA_LOG_LEVEL": "error"}
        self._process: subprocess.Popen[bytes] | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run, and return once requests are answered."""
        self._process = process = self._launched()
        async with asyncio.timeout(READY_WITHIN):
            while not await self._answers():
                assert process.poll() is None, "the instance has ended by itself"
                await asyncio.sleep(0.05)
        self.up = True

    async def kill(self) -> None:
        """End it as a power cut would, and let it start again meanwhile."""
        await self.started()
        self._end(signal.SIGKILL)
        self.kills += 1
        self._starting = asyncio.create_task(self.start())

    async def started(self) -> None:
        """Wait for the start that is under way."""
        if self._starting:
            await self._starting

    async def stop(self) -> None:
        """End it for good."""
        if self._starting:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        self.up = False
        if self._process:
            self._process.send_signal(how)
            self._process.wait()

    def _launched(self) -> subprocess.Popen[bytes]:
        told = [sys.executable, "-m", "services", self._service, *self._options]
        return subprocess.Popen(told, cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL)

    async def _answers(self) -> bool:
        line = Line(self.port, self._service)
        try:
            await line.ask("GET", "policies", "none")
        except (NotSent, Unknown):
            return False
        finally:
            await line.close()
        return True


@dataclass
class House:
    """Instances of intake, whose tokens hold on each, and an administrator's look at their tables."""

    issuer: DevIssuer
    instances: list[Instance]
    database: "asyncpg.Connection[asyncpg.Record]"
    url: str
    lines: dict[int, Line] = field(default_factory=dict)
    vouched_ago: timedelta = timedelta(0)

    def token(self, person: Principal) -> str:
        """A token that was given a while ago, for instances whose clocks are behind."""
        with clock.at(clock.now() - self.vouched_ago):
            return self.issuer.token(person)

    def someone(self, role: str, tenant: str) -> Principal:
        return Principal(uuid7(), tenant, role, frozenset({role}))

    async def ask(self, method: str, path: str, by: Principal, *, body: Any = None, expect: int = 200) -> Any:
        """The body of the answer, which has to be the expected one."""
        answer = await self.answer(method, path, by, body=body)
        assert answer.status == expect, answer
        return answer.body

    async def answer(self, method: str, path: str, by: Principal, *, body: Any = None) -> Answer:
        """Ask whichever instance is up, again and again under one key, until one says something."""
        key, token = uuid7(), self.token(by)
        async with asyncio.timeout(PATIENCE):
            while True:
                for instance in filter(lambda it: it.up, self.instances):
                    try:
                        return await self._line(instance).ask(method, path, token, key=key, body=body)
                    except (NotSent, Unknown):
                        continue
                await asyncio.sleep(0.05)

    async def rules(self, tenant: str, **race: Any) -> None:
        """Let other numbers bind the race of this tenant."""
        ops = self.someone("ops", tenant)
        await self.ask("POST", "policies", ops, body={"changes": {"race": race}}, expect=201)

    async def joined(self, count: int, tenant: str) -> list[Principal]:
        """So many specialists who take part and are on duty."""
        people = [self.someone("specialist", tenant) for _ in range(count)]
        for each in people:
            await self.ask("POST", "specialists", each, expect=201)
        await self.database.execute(ON_DUTY, tenant)
        return people

    async def opened(self, client: Principal) -> str:
        """A request of this client's; its id."""
        asked = {"kind": "chat", "category": "grief", "locale": "uk"}
        return str((await self.ask("POST", "requests", client, body=asked, expect=201))["id"])

    async def at_rest(self, *, within: float) -> None:
        """Wait until everything that was to be said has been said."""
        async with asyncio.timeout(within):
            while not await self.database.fetchval(AT_REST):  # noqa: ASYNC110 - other processes work on it
                await asyncio.sleep(0.1)

    def _line(self, instance: Instance) -> Line:
        return self.lines.setdefault(instance.port, Line(instance.port))


@asynccontextmanager
async def house(postgres: str, run_dir: Path, environments: Sequence[Mapping[str, str]]) -> AsyncIterator[House]:
    """So many instances as environments are given, on a database of their own."""
    name = f"dovira_intake_{uuid7().hex}"
    url = await provision(postgres, "intake", database=name)
    shared = {"INTAKE_DATABASE_URL": url, "DOVIRA_RUN_DIR": str(run_dir), "DOVIRA_PUBLIC_URL": PUBLIC_URL}
    issuer = DevIssuer(PlatformSettings(run_dir=run_dir, public_url=PUBLIC_URL))
    async with AsyncExitStack() as opened:
        instances = [Instance({**shared, **environment}) for environment in environments]
        for instance in instances:
            opened.push_async_callback(instance.stop)
        await asyncio.gather(*(instance.start() for instance in instances))
        database = await asyncpg.connect(dsn_of(make_url(postgres).set(database=name).render_as_string(False)))
        opened.push_async_callback(database.close)
        made = House(issuer, instances, database, url)
        yield made
        for line in made.lines.values():
            await line.close()


async def told(log: KafkaLog, topic: str, tenant: str) -> list[Envelope]:
    """All that was said in this tenant, in order for each key, copies included."""
    tps = [TP(topic, part) for part in range(TOPICS[topic].partitions)]
    ends = {tp: bounds.end for tp, bounds in (await log.bounds(tps)).items()}
    reader, at, found = await log.reader(dict.fromkeys(tps, 0)), dict.fromkeys(tps, 0), list[Envelope]()
    while at != ends:
        for tp, records in (await reader.fetch(5000, within=1)).items():
            at[tp] = records[-1].offset + 1
            found += [envelope for record in records if (envelope := decode(record.value))]
    await reader.abandon()
    return [envelope for envelope in found if envelope.data.tenant == tenant]


def firsts(envelopes: Iterable[Envelope]) -> list[Envelope]:
    """Without what was sent again."""
    found: dict[UUID, Envelope] = {}
    for envelope in envelopes:
        found.setdefault(envelope.id, envelope)
    return list(found.values())
