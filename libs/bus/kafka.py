"""The log as Apache Kafka, through aiokafka, used as a log: assigned partitions, positions kept by us, no groups.

Every client object is disposable. aiokafka's own retries and shutdown can wait for ever when brokers are away, and an
idempotent producer does not recover from a sequence gap; so each call here is bounded, and the caller throws the
session away at the first error.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import OffsetOutOfRangeError, TopicAlreadyExistsError

from libs.bus.log import TP, Bounds, Item, Record, Truncated
from libs.events import TOPICS, Topic

_HEADERS = [("content-type", b"application/cloudevents+json")]
_PATIENCE = 5.0  # seconds that any call on the broker may take
_BATCH = 512 * 1024  # bytes of one produce request; under the broker's limit of 1 MiB


class KafkaLog:
    """A cluster."""

    def __init__(
        self, bootstrap: str, topics: Collection[Topic] = tuple(TOPICS.values()), *, replication: int = 1
    ) -> None:
        self._bootstrap, self._topics, self._replication = bootstrap, topics, replication
        self._looker: AIOKafkaConsumer | None = None
        self._looking = asyncio.Lock()  # one client serves all who ask, one at a time
        self._mirrors: dict[str, AIOKafkaConsumer] = {}

    async def prepare(self) -> None:
        """Create missing topics; refuse to go on with one whose partitions are not as declared."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=5000)
        await asyncio.wait_for(admin.start(), _PATIENCE)
        try:
            there = set(await asyncio.wait_for(admin.list_topics(), _PATIENCE))
            missing = [self._declared(topic) for topic in self._topics if topic.name not in there]
            if missing:
                with suppress(TopicAlreadyExistsError):
                    await asyncio.wait_for(admin.create_topics(missing), 4 * _PATIENCE)
            described = await asyncio.wait_for(admin.describe_topics([t.name for t in self._topics]), _PATIENCE)
        finally:
            await _end(admin.close())
        counts = {found["topic"]: len(found["partitions"]) for found in described}
        for topic in self._topics:
            if counts[topic.name] not in (0, topic.partitions):  # 0: created this moment, not yet told to every broker
                raise ValueError(f"{topic.name} has {counts[topic.name]} partitions instead of {topic.partitions}")

    async def bounds(self, tps: Collection[TP]) -> dict[TP, Bounds]:
        """Where each partition begins and ends now."""
        asked = [TopicPartition(*tp) for tp in tps]
        async with self._looking:
            if self._looker is None:
                self._looker = await self._consumer()
            try:
                async with asyncio.timeout(_PATIENCE):
                    first = await self._looker.beginning_offsets(asked)
                    end = await self._looker.end_offsets(asked)
            except BaseException:
                looker, self._looker = self._looker, None
                await _end(looker.stop())
                raise
        return {TP(tp.topic, tp.partition): Bounds(first[tp], end[tp]) for tp in asked}

    async def writer(self) -> "KafkaWriter":
        """A new idempotent producer that waits for all replicas."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True, linger_ms=0,
            max_batch_size=_BATCH, request_timeout_ms=5000, metadata_max_age_ms=10_000,
        )  # fmt: skip
        await _started(producer)
        return KafkaWriter(producer)

    async def reader(self, start: Mapping[TP, int]) -> "KafkaReader":
        """A new consumer, assigned and set to the given offsets."""
        consumer = await self._consumer(fetch_max_wait_ms=100, max_partition_fetch_bytes=4 * 1024 * 1024)
        consumer.assign([TopicPartition(*tp) for tp in start])
        for tp, place in start.items():
            consumer.seek(TopicPartition(*tp), place)
        return KafkaReader(consumer)

    async def mirror(self, name: str, positions: Mapping[TP, int]) -> None:
        """Commit positions under the subscriber's name, so that lag shows in kafka-consumer-groups and its like."""
        if name not in self._mirrors:
            self._mirrors[name] = await self._consumer(group_id=name)
        consumer, offsets = self._mirrors[name], {TopicPartition(*tp): place for tp, place in positions.items()}
        try:
            if consumer.assignment() != offsets.keys():
                consumer.assign(list(offsets))
            await asyncio.wait_for(consumer.commit(offsets), _PATIENCE)
        except BaseException:
            await _end(self._mirrors.pop(name).stop())
            raise

    async def close(self) -> None:
        """End the clients that outlive sessions."""
        looker, mirrors, self._looker, self._mirrors = self._looker, self._mirrors, None, {}
        await asyncio.gather(*(_end(client.stop()) for client in [looker, *mirrors.values()] if client))

    async def _consumer(self, **options: Any) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="none",
            request_timeout_ms=5000, metadata_max_age_ms=10_000, **options,
        )  # fmt: skip
        await _started(consumer)
        return consumer

    def _declared(self, topic: Topic) -> NewTopic:
        kept = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
        return NewTopic(topic.name, topic.partitions, self._replication, topic_configs={"retention.ms": str(kept)})


class KafkaWriter:
    """One producer; after an error its sequence numbers are worth nothing."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def append(self, items: Sequence[Item], *, within: float) -> None:
        """Send batches per partition and wait until all replicas have every one."""
        by_partition: dict[TP, list[Item]] = defaultdict(list)
        for item in items:
            by_partition[item.tp].append(item)
        async with asyncio.timeout(within):
            sent = [future for tp, group in by_partition.items() for future in await self._send(tp, group)]
            await asyncio.gather(*sent)

    async def _send(self, tp: TP, items: Sequence[Item]) -> list[Awaitable[Any]]:
        """Queue as few batches as hold the items; the producer keeps their order."""
        sent, batch, now = [], self._producer.create_batch(), int(time.time() * 1000)
        for item in items:
            added = batch.append(key=item.key, value=item.value, timestamp=now, headers=_HEADERS)
            if added is None:
                sent.append(await self._producer.send_batch(batch, tp.topic, partition=tp.partition))
                batch = self._producer.create_batch()
                batch.append(key=item.key, value=item.value, timestamp=now, headers=_HEADERS)
        sent.append(await self._producer.send_batch(batch, tp.topic, partition=tp.partition))
        return sent

    async def abandon(self) -> None:
        """A producer that cannot flush would wait for ever in stop(), so its sender is cancelled first."""
        sending = self._producer._sender.sender_task  # noqa: SLF001 - there is no public way to give up
        if sending is not None:
            sending.cancel()
        await _end(self._producer.client.close())
        if sending is not None:
            await asyncio.wait({sending}, timeout=1.0)
        self._producer._closed = True  # noqa: SLF001 - or its destructor warns of a leak that is none


class KafkaReader:
    """One consumer that knows of no group."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:
        """The next records; nothing when the broker is away. Raises Truncated where the log has moved past us."""
        try:
            async with asyncio.timeout(within + _PATIENCE):
                found = await self._consumer.getmany(timeout_ms=int(within * 1000), max_records=most)
        except TimeoutError:
            return {}
        except OffsetOutOfRangeError as error:
            raise Truncated([TP(tp.topic, tp.partition) for tp in error.args[0]]) from error
        return {
            (here := TP(tp.topic, tp.partition)): [
                Record(here, r.offset, r.key or b"", r.value or b"", datetime.fromtimestamp(r.timestamp / 1000, UTC))
                for r in records
            ]
            for tp, records in found.items()
        }

    async def abandon(self) -> None:
        """Close, but do not wait for a broker to agree."""
        await _end(self._consumer.stop())


async def _started(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Start a client within bounds; one that fails to start must still be closed."""
    try:
        await asyncio.wait_for(client.start(), _PATIENCE)
    except BaseException:
        await _end(client.stop())
        raise


async def _end(stopping: Awaitable[Any]) -> None:
    """Wait a little for a client to close; whatever it says no longer matters."""
    with suppress(Exception):
        await asyncio.wait_for(stopping, 1.0)
