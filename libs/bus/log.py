"""The small interface behind which the log is PostgreSQL, Kafka or memory."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class TP(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Record(NamedTuple):
    """What a reader gets: bytes at an offset."""

    tp: TP
    offset: int
    key: bytes
    value: bytes
    at: datetime


class Item(NamedTuple):
    """What a writer is given: bytes for a partition."""

    tp: TP
    key: bytes
    value: bytes


class Bounds(NamedTuple):
    """The first offset a partition still has, and the one it will give next."""

    first: int
    end: int


class Truncated(Exception):
    """The log no longer has what a reader has yet to read. Nothing is skipped: somebody must decide."""

    def __init__(self, tps: Collection[TP]) -> None:
        super().__init__(", ".join(f"{tp.topic}/{tp.partition}" for tp in tps))
        self.tps = tuple(tps)


class Writer(Protocol):
    """A disposable session for appending."""

    async def append(self, items: Sequence[Item], *, within: float) -> None:
        """Return once all items are durable, in order per partition. Any error: outcome unknown, abandon me."""

    async def abandon(self) -> None:
        """Let go of everything within a bounded time; never raises."""


class Reader(Protocol):
    """A disposable session for reading on from fixed positions."""

    async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:
        """The next records in order, or nothing after `within` seconds, even when the log is out of reach."""

    async def abandon(self) -> None:
        """Let go of everything within a bounded time; never raises."""


class EventLog(Protocol):
    """Partitioned, ordered, durable; offsets grow in commit order and are never reused."""

    async def prepare(self) -> None:
        """Create what is missing: the topics with their partitions and retention."""

    async def bounds(self, tps: Collection[TP]) -> dict[TP, Bounds]:
        """Where each partition begins and ends now."""

    async def writer(self) -> Writer:
        """A new writing session."""

    async def reader(self, start: Mapping[TP, int]) -> Reader:
        """A new reading session from the given offsets."""

    async def mirror(self, name: str, positions: Mapping[TP, int]) -> None:
        """Show positions to outside tools, where the log has such a custom. Nothing reads them back."""

    async def close(self) -> None:
        """Let go of what outlives sessions."""


def murmur2(key: bytes) -> int:
    """Kafka's own hash of a key, without its sign: other producers find the same partition."""
    length, mask, m = len(key), 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(key[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & 0x7FFFFFFF
