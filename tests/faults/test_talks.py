"""A hundred thousand messages on two instances, one of which dies again and again, and devices that break off."""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from libs.bus.ids import uuid7
from libs.events.intake import RequestAccepted
from libs.kit.auth import Principal
from libs.kit.issuer import DevIssuer
from libs.kit.provision import provision
from libs.kit.settings import PlatformSettings
from libs.kit.sql import EVERY_TENANT, Database, dsn_of
from services.chat import commands
from tests.chat.scenes import accepted
from tests.faults.instances import PUBLIC_URL, ROOT, Instance
from tests.faults.talk_plan import Person, Plan, Talk
from tests.faults.talks import History, faults

pytestmark = pytest.mark.faults
MESSAGES, TALKS, RESUMES, DEATHS = (int(os.environ.get(name, usual)) for name, usual in
                                    (("MESSAGES", "100000"), ("TALKS", "200"), ("RESUMES", "10000"),
                                     ("DEATHS", "12")))  # fmt: skip
PATIENCE = float(os.environ.get("PATIENCE", "90"))  # seconds without any progress, after which a device gives up
LOADS, DEVICES, LONG_TALKS, MANY, TENANT = 2, 4, 10, 100, "talks"
SAID = "SELECT coalesce(sum(last_seq), 0) FROM conversations"


@dataclass
class Two:
    """Two instances of chat, whose database can be looked at, and who vouches for people."""

    instances: Sequence[Instance]
    database: Database
    admin: "asyncpg.Connection[asyncpg.Record]"
    issuer: DevIssuer

    async def talks(self) -> list[Talk]:
        """Open conversations; where there are many, some are ten times as long: too long to resume at the beginning."""
        long = LONG_TALKS if TALKS >= MANY else 0
        size, cuts = MESSAGES // (TALKS + 9 * long), 1 + RESUMES * 6 // (TALKS * DEVICES * 5)
        sizes = [10 * size] * long + [size] * (TALKS - long)
        sizes[-1] += MESSAGES - sum(sizes)
        people = [(self._person("client"), self._person("specialist")) for _ in range(TALKS)]
        made = []
        for number, (size, (client, specialist)) in enumerate(zip(sizes, people, strict=True)):
            opened = accepted(by=specialist, client=client)
            await self._open(opened)
            sides = [self._with_token(client), self._with_token(specialist)]
            stranger = self._with_token(people[number - 1][1])
            made.append(Talk(str(opened.request_id), sides, stranger, size, cuts))
        return made

    async def said(self) -> int:
        found: int = await self.admin.fetchval(SAID)
        return found

    async def _open(self, event: RequestAccepted) -> None:
        async with self.database.session(EVERY_TENANT) as tx:
            await commands.open_conversation(tx, event)

    def _person(self, role: str) -> Principal:
        return Principal(uuid7(), TENANT, role, frozenset({role}))

    def _with_token(self, who: Principal) -> Person:
        return Person(str(who.id), self.issuer.token(who))


@pytest.fixture
async def two(postgres: str, tmp_path: Path) -> AsyncIterator[Two]:
    async with _two(postgres, tmp_path) as made:
        yield made


async def test_i6_what_was_said_is_there_once_in_one_order_and_reaches_every_device(two: Two, tmp_path: Path) -> None:
    talks = await two.talks()
    history = History({talk.id: frozenset(side.id for side in talk.sides) for talk in talks})
    counted, took, began = Counter[str](), list[float](), time.monotonic()
    dying = asyncio.create_task(_die_now_and_then(two))
    try:
        for file, said in await asyncio.gather(*(_load(two, talks, tmp_path, number) for number in range(LOADS))):
            history.add(file)
            counted.update(said["counted"])
            took += said["took"]
    finally:
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    seconds = time.monotonic() - began
    found = faults(history)
    _print(two, history, counted, took, seconds)
    assert found == []
    assert {talk.id: talk.messages for talk in talks} == {talk: len(end) for talk, end in history.ends.items()}
    assert counted["resumed"] >= RESUMES
    assert sum(instance.kills for instance in two.instances) >= DEATHS


async def _die_now_and_then(two: Two) -> None:
    """One of the two, when both are there to die, as more and more has been said."""
    chance = random.Random(7)
    for death in range(DEATHS):
        until = MESSAGES * 0.9 * (death + chance.random()) / DEATHS
        while await two.said() < until:  # noqa: ASYNC110 - other processes work on it
            await asyncio.sleep(0.1)
        for instance in two.instances:
            await instance.started()
        await chance.choice(two.instances).kill()


async def _load(two: Two, talks: Sequence[Talk], place: Path, number: int) -> tuple[Path, Any]:
    """One process's share of the conversations; what it saw."""
    plan, into = place / f"plan {number}.json", place / f"seen {number}.jsonl"
    ports = [instance.port for instance in two.instances]
    plan.write_text(json.dumps(Plan(number, ports, PATIENCE, talks[number::LOADS])))
    loading = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.talkers", str(plan), str(into), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        said, _ = await loading.communicate()
    finally:
        if loading.returncode is None:
            loading.kill()
            await loading.wait()
    assert loading.returncode == 0
    return into, json.loads(said)


@asynccontextmanager
async def _two(postgres: str, run_dir: Path) -> AsyncIterator[Two]:
    name = f"dovira_chat_{uuid7().hex}"
    url = await provision(postgres, "chat", database=name)
    environment = {
        "CHAT_DATABASE_URL": url, "CHAT_KEYS_URL": await provision(postgres, "chat_keys", database=f"{name}_keys"),
        "DOVIRA_RUN_DIR": str(run_dir), "DOVIRA_PUBLIC_URL": PUBLIC_URL, "CHAT_MESSAGES_AT_ONCE": "100000",
    }  # fmt: skip
    async with AsyncExitStack() as opened:
        instances = [Instance(environment, "chat", "--api") for _ in range(2)]
        for instance in instances:
            opened.push_async_callback(instance.stop)
            await instance.start()
        database = await opened.enter_async_context(Database.open(url))
        admin = await asyncpg.connect(dsn_of(make_url(postgres).set(database=name).render_as_string(False)))
        opened.push_async_callback(admin.close)
        yield Two(instances, database, admin, DevIssuer(PlatformSettings(run_dir=run_dir, public_url=PUBLIC_URL)))


def _print(two: Two, history: History, counted: Counter[str], took: Sequence[float], seconds: float) -> None:
    cuts = quantiles((1000 * each for each in took), n=100, method="inclusive")
    given = sum(len(stretch.said) for stretch in history.stretches)
    devices = len({stretch.device for stretch in history.stretches})
    print(  # noqa: T201
        f"\n{sum(map(len, history.ends.values()))} messages in {len(history.ends)} conversations in {seconds:.0f} s, "
        f"{sum(instance.kills for instance in two.instances)} kills: {len(faults(history))} anomalies; "
        f"{devices} devices were given {given}, resumed {counted['resumed']} times, "
        f"{counted['resumed by pages']} of them by pages first, {counted['resynced']} resyncs; "
        f"{counted['unknown']} sends without an answer, {counted['repeated']} repeated; "
        f"ack p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms"
    )
