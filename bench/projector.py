"""The projection of stats, durable and from Kafka, against a bare consumer that decodes and forgets."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.figures import Contest, Ground, Line, Sample, Taken, cpu, database_cpu, paired, rate
from bench.meter import stopwatch
from libs.bus.consumers import subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Item, murmur2
from libs.events import TOPICS, Event, decode, encode, wrap
from libs.events.intake import RequestAccepted, SessionHeld
from libs.events.support import ExclusionDecided
from libs.kit import clock
from libs.kit.migrate import upgrade
from libs.kit.provision import provision
from libs.kit.sql import engine_for
from services.stats import service
from services.stats.consumers import conversion

ENGAGEMENTS, SPECIALISTS, MOST_US = 75_000, 5_000, 20.0
DAYS, HELD, STRUCK = 30, 0.6, 0.05
TOPICS_READ = ("intake.requests", "support.decisions")
PARTITIONS = [TP(topic, part) for topic in TOPICS_READ for part in range(TOPICS[topic].partitions)]


@asynccontextmanager
async def projector(ground: Ground) -> AsyncIterator[Contest]:
    """A month of shuffled events in Kafka, and the database of stats."""
    url = await provision(ground.admin, "stats")
    await upgrade(service, url)
    engine, log = engine_for(url), KafkaLog(ground.bootstrap)
    await log.prepare()
    count = await _write(log, _items(ENGAGEMENTS // 10 if ground.quick else ENGAGEMENTS))
    try:
        yield Contest(
            {
                "projector": lambda: _projected(engine, log, count),
                "raw aiokafka + decode": lambda: _decoded(ground.bootstrap, count),
            },
            _lines,
        )
    finally:
        await log.close()
        await engine.dispose()


async def _projected(engine: AsyncEngine, log: KafkaLog, count: int) -> Sample:
    """From the first offset to the last, all of it: session, claims, transactions."""
    await _empty(engine, service.metadata)
    subscription = Subscription(engine, log, subscriber(conversion), uuid7())
    with stopwatch() as watch:
        running = asyncio.create_task(subscription.run())
        while sum(claim.next for claim in subscription.mine.values()) < count:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return watch.sample(count)


async def _decoded(bootstrap: str, count: int) -> Sample:
    seen = 0
    with stopwatch() as watch:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 * 1024 * 1024
        )
        await consumer.start()
        consumer.assign([TopicPartition(*tp) for tp in PARTITIONS])
        await consumer.seek_to_beginning()
        while seen < count:
            for records in (await consumer.getmany(timeout_ms=250, max_records=5000)).values():
                seen += sum(decode(record.value) is not None for record in records)
    await consumer.stop()
    return watch.sample(seen)


async def _empty(engine: AsyncEngine, metadata: MetaData) -> None:
    async with engine.begin() as tx:
        await tx.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))


async def _write(log: KafkaLog, items: Sequence[Item]) -> int:
    writer = await log.writer()
    for start in range(0, len(items), 5000):
        await writer.append(items[start : start + 5000], within=60)
    await writer.abandon()
    bounds = await log.bounds(PARTITIONS)
    return sum(bound.end for bound in bounds.values())


def _items(engagements: int) -> list[Item]:
    """Every event of every engagement, in no order at all, and none that the projection would skip."""
    chance = random.Random(5)
    specialists = [uuid7() for _ in range(SPECIALISTS)]
    events = [event for _ in range(engagements) for event in _engagement(chance, specialists)]
    chance.shuffle(events)
    return [_item(event) for event in events]


def _engagement(chance: random.Random, specialists: Sequence[UUID]) -> Iterator[Event]:
    """A request accepted; perhaps a session held, perhaps all of it struck from the record."""
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(DAYS * 86_400))
    parties: Any = {"tenant": "therapy", "request_id": uuid7(), "specialist_id": chance.choice(specialists)}
    yield RequestAccepted(at=at, client_id=uuid7(), kind="chat", one_off=False, opened_at=at, reply_due=at, **parties)
    if chance.random() < HELD:
        yield SessionHeld(at=at, session_id=uuid7(), number=1, version=1, **parties)
    if chance.random() < STRUCK:
        yield ExclusionDecided(
            at=at, ticket_id=uuid7(), decision_id=uuid7(), version=1, excluded=True, ground="spam", **parties
        )


def _item(event: Event) -> Item:
    key = str(event.key_id).encode()
    source = f"/{event.topic.partition('.')[0]}"
    envelope = wrap(event, id=uuid7(), source=source, recorded=clock.now(), correlation=uuid7())
    return Item(TP(event.topic, murmur2(key) % TOPICS[event.topic].partitions), key, encode(envelope))


def _lines(taken: Taken) -> list[Line]:
    ours, raw = taken["projector"], taken["raw aiokafka + decode"]
    least = cpu(ours)
    return [
        Line(
            "projector, CPU us/event (client)", f"{least:.1f}", f"raw getmany + decode {cpu(raw):.1f}",
            f"{least / cpu(raw):.1f}", f"≤ {MOST_US:.0f}", least <= MOST_US,
        ),
        Line("projector, CPU us/event (PostgreSQL)", f"{database_cpu(ours):.1f}"),
        Line(
            "projector, events/s", f"{rate(ours):,.0f}", f"raw getmany + decode {rate(raw):,.0f}",
            f"{paired(ours, raw):.2f}",
        ),
    ]  # fmt: skip
