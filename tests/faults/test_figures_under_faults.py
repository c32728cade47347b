"""The full projection on real Kafka, by processes that are killed and such as wake up after their lease ran out."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from libs.bus.claims import positions
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Item, murmur2
from libs.events import TOPICS, Envelope, encode
from services.stats import queries
from services.stats.consumers import FiguresProjection
from tests.faults.figures_worker import LEASE
from tests.stats.histories import Teller
from tests.stats.oracle import oracle
from tests.stats.test_consumers import JOURNAL, cells

pytestmark = pytest.mark.faults
RUNS = int(os.environ.get("RUNS", "25"))
HISTORIES = 60
NAME = queries.subscriber(1)
PARTITIONS = [
    TP(topic, part)
    for topic in sorted({event.topic for event in FiguresProjection.events})
    for part in range(TOPICS[topic].partitions)
]
BEGIN_HERE = sa.text("INSERT INTO claims (subscriber, topic, part, next) VALUES (:name, :topic, :part, :next)")


@pytest.fixture
async def log(kafka: str) -> AsyncIterator[KafkaLog]:
    made = KafkaLog(kafka)
    await made.prepare()
    yield made
    await made.close()


@contextmanager
def workers(count: int, database: str, bootstrap: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes; whatever becomes of them, none is left in the end."""
    running = [start(database, bootstrap) for _ in range(count)]
    try:
        yield running
    finally:
        for worker in running:
            worker.send_signal(signal.SIGCONT)
            worker.kill()
            worker.wait()


def start(database: str, bootstrap: str) -> subprocess.Popen[bytes]:
    told = [sys.executable, "-m", "tests.faults.figures_worker", database, bootstrap]
    return subprocess.Popen(told, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONWARNINGS": "ignore"})


async def say(log: KafkaLog, batches: list[list[Envelope]], chance: random.Random) -> None:
    """Write to the log, little by little."""
    writer = await log.writer()
    for batch in batches:
        items = []
        for event in batch:
            key = str(event.data.key_id).encode()
            part = murmur2(key) % TOPICS[event.data.topic].partitions
            items.append(Item(TP(event.data.topic, part), key, encode(event)))
        await writer.append(items, within=30)
        await asyncio.sleep(chance.uniform(0, 0.02))
    await writer.abandon()


async def torment(running: list[subprocess.Popen[bytes]], again: tuple[str, str], chance: random.Random) -> list[str]:
    """Kill a process, or let it sleep past its lease and wake up in the belief that nothing happened."""
    done = []
    for _ in range(4):
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        victim = chance.randrange(len(running))
        if chance.random() < 0.5:
            running[victim].kill()
            running[victim].wait()
            running[victim] = start(*again)
            done.append("killed")
        else:
            running[victim].send_signal(signal.SIGSTOP)
            await asyncio.sleep(LEASE.total_seconds() * chance.uniform(1.2, 3))
            running[victim].send_signal(signal.SIGCONT)
            done.append("slept")
    return done


async def heard(service, log: KafkaLog) -> None:
    """Wait until everything on the log has taken effect."""
    ends = {tp: bounds.end for tp, bounds in (await log.bounds(PARTITIONS)).items()}
    async with asyncio.timeout(90):
        while await positions(service.database.engine, NAME) != ends:  # noqa: ASYNC110 - other processes move them
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("seed", range(RUNS))
async def test_killed_and_sleeping_processes_leave_the_figures_equal_to_the_facts(
    seed: int, stats_service, log: KafkaLog, kafka: str
) -> None:
    chance, teller, began = random.Random(seed), Teller(seed), time.monotonic()
    histories = [event for _ in range(HISTORIES) for event in teller.history()]
    async with stats_service.database.session("*") as tx:
        for tp, bounds in (await log.bounds(PARTITIONS)).items():
            await tx.execute(BEGIN_HERE, {"name": NAME, "topic": tp.topic, "part": tp.partition, "next": bounds.end})
    again = (stats_service.database.engine.url.render_as_string(hide_password=False), kafka)
    with workers(3, *again) as running:
        told = asyncio.create_task(say(log, teller.retold(histories), chance))
        done = await torment(running, again, chance)
        await told
        await heard(stats_service, log)
    async with stats_service.database.session("*") as tx:
        truth = await oracle(tx, histories)
    assert await cells(stats_service) == truth
    assert await cells(stats_service, JOURNAL.format("")) == truth
    print(  # noqa: T201
        f"\nseed {seed}: {len(histories)} facts told {len(histories) * 4 // 3} times, {', '.join(done)}: "
        f"equal to the facts after {time.monotonic() - began:.1f} s"
    )
