"""The parking lot: records that could not take effect, with their raw bytes, until somebody has mended the cause.

A limit keeps a bad deploy from moving everything here: above it the partition stops and says so, and nothing is lost.
"""

from collections import deque
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus.consumers import Subscriber
from libs.bus.log import Record
from libs.bus.retry import passing
from libs.events import UnknownType, decode

_PARK = sa.text("""
INSERT INTO parked (subscriber, topic, part, "offset", key, value, reason)
VALUES (:subscriber, :topic, :part, :offset, :key, :value, :reason)
""")
_KEYS = sa.text("SELECT DISTINCT topic, key FROM parked WHERE subscriber = :subscriber")
_LIST = sa.text("""
SELECT id, subscriber, topic, part, "offset", reason, at, length(value) AS bytes FROM parked ORDER BY id LIMIT 1000
""")
_NEXT = sa.text("""
SELECT id, topic, key, value FROM parked WHERE subscriber = :subscriber AND id > :after ORDER BY id LIMIT 1
""")
_BLOCKED = sa.text("""
SELECT id FROM parked WHERE subscriber = :subscriber AND topic = :topic AND key = :key FOR KEY SHARE
""")
_UNPARK = sa.text("DELETE FROM parked WHERE id = :id")
_COUNT = sa.text("SELECT count(*) FROM parked WHERE subscriber = :subscriber")


class Limit:
    """How many failures one partition may have before it is the code that is suspected, not the record."""

    def __init__(self, *, in_a_row: int = 10, share: float = 0.2, of_last: int = 200) -> None:
        self._in_a_row, self._share = in_a_row, share
        self._recent: deque[bool] = deque(maxlen=of_last)

    def passed(self, count: int) -> None:
        """Note records that took effect."""
        self._recent.extend([True] * min(count, self._recent.maxlen or 0))

    def failed(self) -> bool:
        """Note one that did not; whether that is one too many."""
        self._recent.append(False)
        row = list(self._recent)[-self._in_a_row :]
        if len(row) == self._in_a_row and not any(row):
            return True
        return len(self._recent) == self._recent.maxlen and self._recent.count(False) > self._share * len(self._recent)


async def park(tx: AsyncSession, subscriber: str, record: Record, reason: str) -> None:
    """Put one record aside, in the transaction that moves past it."""
    await tx.execute(_PARK, {
        "subscriber": subscriber, "topic": record.tp.topic, "part": record.tp.partition, "offset": record.offset,
        "key": record.key, "value": record.value, "reason": reason,
    })  # fmt: skip


async def blocked(engine: AsyncEngine, subscriber: str) -> set[tuple[str, bytes]]:
    """The (topic, key)s of which something is parked: what comes after has to wait behind it."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        return {(row.topic, row.key) for row in await connection.execute(_KEYS, {"subscriber": subscriber})}


async def listed(engine: AsyncEngine) -> list[sa.RowMapping]:
    """What is parked, oldest first, without its bytes."""
    async with engine.connect() as connection:
        return list((await connection.execute(_LIST)).mappings())


async def count(engine: AsyncEngine, subscriber: str) -> int:
    """How many records wait for somebody."""
    async with engine.connect() as connection:
        return await connection.scalar(_COUNT, {"subscriber": subscriber}) or 0


async def still_blocked(tx: AsyncSession, subscriber: str, record: Record) -> bool:
    """Whether this record's key is blocked at this very moment; waits for a replay of it that is under way."""
    asked = {"subscriber": subscriber, "topic": record.tp.topic, "key": record.key}
    return (await tx.execute(_BLOCKED, asked)).first() is not None


async def replay(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber) -> tuple[int, int]:
    """Try everything parked once more, in order per key; gives back how many took effect and how many still wait.

    A record of an unknown or unwanted type is let go, as it would be had it just arrived.
    """
    done = waiting = after = 0
    stuck: set[tuple[str, bytes]] = set()
    while row := await _after(sessions, subscriber, after):
        after, key = row.id, (row.topic, bytes(row.key))
        if key not in stuck and await _replayed(sessions, subscriber, row):
            done += 1
            continue
        waiting += 1
        if subscriber.keeps_order:
            stuck.add(key)
    return done, waiting


async def _after(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber, after: int) -> Any:
    async with sessions() as tx:
        return (await tx.execute(_NEXT, {"subscriber": subscriber.name, "after": after})).one_or_none()


async def _replayed(sessions: async_sessionmaker[AsyncSession], subscriber: Subscriber, row: Any) -> bool:
    """Whether it took effect, now or by another replay at the same time."""
    try:
        async with sessions.begin() as tx:
            if (await tx.execute(_UNPARK, {"id": row.id})).rowcount:  # type: ignore[attr-defined]
                await _retry(tx, subscriber, row.value)
    except Exception as error:
        if passing(error):
            raise
        return False
    return True


async def _retry(tx: AsyncSession, subscriber: Subscriber, value: bytes) -> None:
    try:
        envelope = decode(value, frozenset(event.type for event in subscriber.events))
    except UnknownType:
        return
    if envelope is not None:
        await subscriber.take(tx, [envelope])
