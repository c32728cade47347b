"""The projection of stats, durable and from Kafka, against a bare consumer that decodes and forgets."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.figures import Benchmark, Contest, Ground, Line, Sample, Taken, cpu, database_cpu, paired, rate
from bench.history import History, as_heard, shuffled
from bench.meter import stopwatch
from bench.recorded import heard_by, recorded
from libs.bus.consumers import Subscriber, subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Bounds
from libs.events import Envelope, decode
from libs.kit.migrate import upgrade
from libs.kit.provision import provision
from libs.kit.sql import engine_for
from services.stats import service
from services.stats.consumers import FiguresProjection

REQUESTS, MILLION_EVENTS, MOST_US, LEAST_RATE = 30_000, 170_000, 25.0, 40_000.0
RAW = "raw aiokafka + decode"
Places = Mapping[TP, Bounds]
Order = Callable[[Iterable[list[Envelope]]], list[Envelope]]


def projector(name: str, order: Order, requests: int = REQUESTS) -> Benchmark:
    """The benchmark of the whole fold, told a history in some order."""

    @asynccontextmanager
    async def opened(ground: Ground) -> AsyncIterator[Contest]:
        engine, log, hearing = await database_of(ground), KafkaLog(ground.bootstrap), subscriber(FiguresProjection(1))
        events = order(History(requests // 10 if ground.quick else requests))
        places = await recorded(ground.bootstrap, log, events, heard_by(hearing))
        units = sum(type(event.data) in hearing.events for event in events)
        del events  # a worker has no history in memory for its collector to look through
        gc.collect()
        try:
            yield Contest(
                {
                    name: lambda: _projected(engine, log, hearing, places, units),
                    RAW: lambda: _decoded(ground.bootstrap, places, units),
                },
                lambda taken: _lines(name, taken),
            )
        finally:
            await log.close()
            await engine.dispose()

    return opened


in_time, in_no_order = projector("projector", as_heard), projector("projector, shuffled", shuffled)
# What a build of the figures does: everything from the log's start.
rebuild = projector("rebuild of a million events", as_heard, MILLION_EVENTS)


async def database_of(ground: Ground) -> AsyncEngine:
    """The database of stats, as a deployment has it."""
    url = await provision(ground.admin, "stats")
    await upgrade(service, url)
    return engine_for(url)


async def _projected(engine: AsyncEngine, log: KafkaLog, hearing: Subscriber, places: Places, units: int) -> Sample:
    """From the first offset to the last, all of it: session, claims, transactions."""
    await emptied(engine, service.metadata)
    subscription = Subscription(engine, log, hearing, uuid7())
    with stopwatch() as watch:
        running = asyncio.create_task(subscription.run())
        while not _through(subscription, places):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return watch.sample(units)


def _through(subscription: Subscription, places: Places) -> bool:
    mine = subscription.mine
    return bool(mine) and all(mine[tp].next == bound.end for tp, bound in places.items())


async def _decoded(bootstrap: str, places: Places, units: int) -> Sample:
    """Every record read and understood, those of no interest too."""
    left = sum(bound.end - bound.first for bound in places.values())
    with stopwatch() as watch:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 * 1024 * 1024
        )
        await consumer.start()
        consumer.assign([TopicPartition(*tp) for tp in places])
        await consumer.seek_to_beginning()
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=250, max_records=5000)).values():
                left -= sum(decode(record.value) is not None for record in records)
    await consumer.stop()
    return watch.sample(units)


async def emptied(engine: AsyncEngine, metadata: MetaData) -> None:
    """Forget everything."""
    async with engine.begin() as tx:
        await tx.execute(text(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY"))


def _lines(name: str, taken: Taken) -> list[Line]:
    ours, raw = taken[name], taken[RAW]
    least = cpu(ours)
    return [
        Line(
            f"{name}, CPU us/event (client)", f"{least:.1f}", f"raw getmany + decode {cpu(raw):.1f}",
            f"{least / cpu(raw):.1f}", f"≤ {MOST_US:.0f}", least <= MOST_US,
        ),
        Line(f"{name}, CPU us/event (PostgreSQL)", f"{database_cpu(ours):.1f}"),
        Line(
            f"{name}, events/s", f"{rate(ours):,.0f}", f"raw getmany + decode {rate(raw):,.0f}",
            f"{paired(ours, raw):.2f}", f"≥ {LEAST_RATE:,.0f}", rate(ours) >= LEAST_RATE,
        ),
    ]  # fmt: skip
