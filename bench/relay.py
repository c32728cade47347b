"""The relay, from an outbox in PostgreSQL to Kafka, against a bare producer that has its records in memory."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.figures import Contest, Ground, Line, Sample, Taken, cpu, database_cpu, paired, rate
from bench.meter import stopwatch
from libs.bus import bus_tables
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Item, murmur2
from libs.bus.relay import Relay
from libs.events import TOPICS
from libs.kit.provision import provision
from libs.kit.sql import engine_for

# Two topics alike: what one contestant writes is not in the other's way, nor in the projector's.
OURS, THEIRS = "chat.conversations", "intake.specialists"
EVENTS, BYTES, OF_RAW = 30_000, 600, 0.4
BATCH = 512 * 1024
HEADERS = [("content-type", b"application/cloudevents+json")]
FILL = sa.text("""
INSERT INTO outbox (topic, slot, key, value)
SELECT :topic, * FROM unnest(CAST(:slots AS int[]), CAST(:keys AS uuid[]), CAST(:values AS bytea[]))
""")


@asynccontextmanager
async def relay(ground: Ground) -> AsyncIterator[Contest]:
    """An empty outbox, a log with its topics, and both producers warm."""
    items = _items(EVENTS // 10 if ground.quick else EVENTS)
    engine = engine_for(await provision(ground.admin, "relay"))
    await _create_tables(engine)
    log = KafkaLog(ground.bootstrap)
    await log.prepare()
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.bootstrap, acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=BATCH
    )
    await producer.start()
    ours = Relay("relay", engine, log)
    try:
        await _fill(engine, items[:100])
        await ours.round()
        await _send_raw(producer, items[:100])
        yield Contest(
            {"relay": lambda: _relayed(ours, engine, items), "raw aiokafka": lambda: _sent(producer, items)}, _lines
        )
    finally:
        await ours._abandon(None)  # noqa: SLF001 - what its run() would do at the end
        await producer.stop()
        await log.close()
        await engine.dispose()


async def _relayed(ours: Relay, engine: AsyncEngine, items: Sequence[Item]) -> Sample:
    await _fill(engine, items)
    done = 0
    with stopwatch() as watch:
        while sent := await ours.round():
            done += sent
    if done != len(items):
        raise RuntimeError(f"the relay sent {done} of {len(items)}")
    return watch.sample(done)


async def _sent(producer: AIOKafkaProducer, items: Sequence[Item]) -> Sample:
    with stopwatch() as watch:
        await _send_raw(producer, items)
    return watch.sample(len(items))


async def _send_raw(producer: AIOKafkaProducer, items: Sequence[Item]) -> None:
    """Everything at once, in batches as full as they get: nothing is read, and nothing has to be waited for between."""
    now = int(time.time() * 1000)
    waiting, batches = [], {item.tp.partition: producer.create_batch() for item in items}
    for item in items:
        part = item.tp.partition
        if batches[part].append(key=item.key, value=item.value, timestamp=now, headers=HEADERS) is None:
            waiting.append(await producer.send_batch(batches[part], THEIRS, partition=part))
            batches[part] = producer.create_batch()
            batches[part].append(key=item.key, value=item.value, timestamp=now, headers=HEADERS)
    waiting += [await producer.send_batch(batch, THEIRS, partition=part) for part, batch in batches.items()]
    await asyncio.gather(*waiting)


async def _create_tables(engine: AsyncEngine) -> None:
    metadata = sa.MetaData()
    bus_tables(metadata)
    async with engine.begin() as tx:
        await tx.run_sync(metadata.create_all)


async def _fill(engine: AsyncEngine, items: Sequence[Item]) -> None:
    async with engine.begin() as tx:
        await tx.execute(FILL, {
            "topic": OURS, "slots": [murmur2(item.key) for item in items],
            "keys": [item.key.decode() for item in items], "values": [item.value for item in items],
        })  # fmt: skip


def _items(count: int) -> list[Item]:
    """Records as the raw producer takes them: keys of requests, values as long as our events."""
    chance, partitions = random.Random(3), TOPICS[OURS].partitions
    keys = [str(uuid7()).encode() for _ in range(count)]
    return [Item(TP(OURS, murmur2(key) % partitions), key, chance.randbytes(BYTES // 2).hex().encode()) for key in keys]


def _lines(taken: Taken) -> list[Line]:
    ours, raw = taken["relay"], taken["raw aiokafka"]
    ratio = paired(ours, raw)
    return [
        Line(
            "relay, events/s", f"{rate(ours):,.0f}", f"raw send_batch {rate(raw):,.0f}",
            f"{ratio:.2f}", f"≥ {OF_RAW}", ratio >= OF_RAW,
        ),
        Line(
            "relay, CPU us/event", f"{cpu(ours):.1f} + {database_cpu(ours):.1f} PostgreSQL", f"{cpu(raw):.1f}",
            f"{cpu(ours) / cpu(raw):.1f}",
        ),
    ]  # fmt: skip
