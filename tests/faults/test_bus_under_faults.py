"""The failure table on real Kafka, real PostgreSQL and real processes: slower, run by `make faults`."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from deploy.kafka import Kafka
from libs.bus import Bus, all_quiet, publish
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP
from libs.events import TOPICS, decode
from libs.events.intake import SessionHeld
from tests.bus.conftest import metadata, new_database
from tests.bus.saying import Sums, firsts, noted, said
from tests.faults.worker import reactor

pytestmark = pytest.mark.faults


@pytest.fixture
async def engine(postgres: str) -> AsyncIterator[AsyncEngine]:
    made = await new_database(postgres)
    async with made.begin() as tx:
        await tx.run_sync(metadata.create_all)
        await tx.execute(sa.text("CREATE TABLE reacted (id bigserial PRIMARY KEY, key uuid, number int)"))
    yield made
    await made.dispose()


@pytest.fixture
def cluster(tmp_path: Path) -> Any:
    """How to start a Kafka of one's own to break."""
    started: list[Kafka] = []

    def start(brokers: int) -> Kafka:
        started.append(Kafka.start(tmp_path / f"kafka{len(started)}", brokers=brokers))
        return started[-1]

    yield start
    for each in started:
        each.stop()


class Load:
    """Clients that go on committing changes with their events, whatever happens to the broker."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._sessions = async_sessionmaker(engine)
        self.keys = [uuid7() for _ in range(20)]
        self.said: dict[UUID, int] = dict.fromkeys(self.keys, 0)
        self.slowest, self.going = 0.0, True

    async def run(self) -> None:
        """One writer; its failures would be users' failures, so they are not caught."""
        while self.going:
            key = random.choice(self.keys)
            began = time.monotonic()
            async with self._sessions.begin() as tx:
                self.said[key] += 1
                await publish(tx, said(key, self.said[key]))
            self.slowest = max(self.slowest, time.monotonic() - began)
            await asyncio.sleep(0.004)

    def expected(self) -> dict[UUID, list[int]]:
        return {key: list(range(1, count + 1)) for key, count in self.said.items()}


async def on_the_log(log: KafkaLog) -> dict[UUID, list[int]]:
    """Every copy on the log, per key in order."""
    tps = [TP(SessionHeld.topic, part) for part in range(TOPICS[SessionHeld.topic].partitions)]
    ends = {tp: bounds.end for tp, bounds in (await log.bounds(tps)).items()}
    reader, found, at = await log.reader(dict.fromkeys(tps, 0)), dict[UUID, list[int]](), dict.fromkeys(tps, 0)
    while at != ends:
        for tp, records in (await reader.fetch(5000, within=1)).items():
            at[tp] = records[-1].offset + 1
            for record in records:
                envelope = decode(record.value)
                assert envelope is not None
                assert isinstance(envelope.data, SessionHeld)
                found.setdefault(envelope.subject, []).append(envelope.data.number)
    await reader.abandon()
    return found


async def verdict(engine: AsyncEngine, log: KafkaLog, load: Load) -> str:
    """0 lost, 0 double effects, 0 keys out of first-occurrence order; as a line to print."""
    copies, projected = await on_the_log(log), await noted(engine)
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.text("SELECT key, number FROM reacted ORDER BY id"))).all()
    reacted: dict[UUID, list[int]] = {key: [] for key in load.keys}
    for key, number in rows:
        reacted[key].append(number)
    assert {key: firsts(numbers) for key, numbers in copies.items()} == load.expected()
    assert reacted == load.expected()
    assert {key: sorted(numbers) for key, numbers in projected.items()} == load.expected()
    total, sent = sum(load.said.values()), sum(map(len, copies.values()))
    return f"{total} events, {sent - total} re-sent, 0 lost, 0 double effects, 0 keys out of order"


async def under_load(engine: AsyncEngine, load: Load, log: KafkaLog, break_things: Callable[[], Any]) -> None:
    """Run bus and load, break things meanwhile, then let it come to rest."""
    async with Bus("faults", engine, log, [Sums(), reactor()]) as bus:
        writing = asyncio.create_task(load.run())
        await asyncio.sleep(2)
        await break_things()
        await asyncio.sleep(1)
        load.going = False
        await writing
        assert await all_quiet([bus], within=120), await bus.status()


async def test_a_broker_that_is_stopped_for_20_s_costs_nobody_a_write(
    engine: AsyncEngine, cluster: Callable[[int], Kafka]
) -> None:
    kafka = cluster(1)
    log, load = KafkaLog(kafka.bootstrap), Load(engine)
    await log.prepare()

    async def stop_for_a_while() -> None:
        await asyncio.to_thread(kafka.stop_node, 1)
        await asyncio.sleep(20)
        kafka.launch(1)
        await asyncio.to_thread(kafka.wait_until_ready)

    await under_load(engine, load, log, stop_for_a_while)
    print(f"\nbroker stopped for 20 s: {await verdict(engine, log, load)}; slowest write {load.slowest:.2f} s")  # noqa: T201
    await log.close()


async def test_the_leader_of_three_brokers_is_killed_under_load(
    engine: AsyncEngine, cluster: Callable[[int], Kafka]
) -> None:
    kafka = cluster(3)
    log, load = KafkaLog(kafka.bootstrap, replication=3), Load(engine)
    await log.prepare()

    async def kill_the_leader() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        (topic,) = await admin.describe_topics([SessionHeld.topic])
        await admin.close()
        await asyncio.to_thread(kafka.kill, topic["partitions"][0]["leader"])
        await asyncio.sleep(15)

    await under_load(engine, load, log, kill_the_leader)
    print(f"\nleader of three killed -9: {await verdict(engine, log, load)}; slowest write {load.slowest:.2f} s")  # noqa: T201
    await log.close()


async def test_processes_killed_at_random_lose_nothing_and_do_nothing_twice(
    engine: AsyncEngine, cluster: Callable[[int], Kafka]
) -> None:
    kafka = cluster(1)
    log, load, chance = KafkaLog(kafka.bootstrap), Load(engine), random.Random(7)
    await log.prepare()
    url = engine.url.render_as_string(hide_password=False)
    told = [sys.executable, "-m", "tests.faults.worker", url, kafka.bootstrap]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(told, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONWARNINGS": "ignore"})

    writing = asyncio.create_task(load.run())
    workers = [start(), start()]
    try:
        for _ in range(20):
            await asyncio.sleep(chance.uniform(1.5, 3))
            victim = chance.randrange(2)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            workers[victim] = start()
        load.going = False
        await writing
    finally:
        load.going = False
        for worker in workers:
            worker.kill()
            worker.wait()
    async with Bus("faults", engine, log, [Sums(), reactor()]) as bus:
        assert await all_quiet([bus], within=120), await bus.status()
    print(f"\n20 kills of two workers: {await verdict(engine, log, load)}")  # noqa: T201
    await log.close()
