"""Events put on a Kafka of our own, and what is there thrown away again."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from libs.bus.consumers import Subscriber
from libs.bus.kafka import KafkaLog
from libs.bus.log import TP, Bounds, Item, murmur2
from libs.events import TOPICS, Envelope, encode

AT_ONCE = 5_000


def heard_by(subscriber: Subscriber) -> list[TP]:
    """The partitions a subscriber reads."""
    topics = sorted({event.topic for event in subscriber.events})
    return [TP(topic, part) for topic in topics for part in range(TOPICS[topic].partitions)]


async def recorded(bootstrap: str, log: KafkaLog, events: Iterable[Envelope], tps: list[TP]) -> Mapping[TP, Bounds]:
    """Let partitions hold nothing but these events; where they begin and end then."""
    await _emptied(bootstrap, log, tps)
    writer, waiting = await log.writer(), map(_item, events)
    while items := list(islice(waiting, AT_ONCE)):
        await writer.append(items, within=60)
    await writer.abandon()
    return await log.bounds(tps)


async def _emptied(bootstrap: str, log: KafkaLog, tps: list[TP]) -> None:
    await log.prepare()
    ends = {TopicPartition(*tp): RecordsToDelete(bound.end) for tp, bound in (await log.bounds(tps)).items()}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records(ends)
    await admin.close()


def _item(envelope: Envelope) -> Item:
    key = str(envelope.partitionkey).encode()
    return Item(TP(envelope.data.topic, _partition(key, TOPICS[envelope.data.topic].partitions)), key, encode(envelope))


@lru_cache(100_000)
def _partition(key: bytes, partitions: int) -> int:
    return murmur2(key) % partitions
