"""Claims: who reads which partition, and from where on. The row, not the claim, is what keeps effects single.

A lease only saves work. Safety is the compare-and-set on (next, epoch) inside the transaction that applies the effects:
whoever has been overtaken changes no row and rolls back.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from libs.bus.log import TP

_KNOWN = sa.text("SELECT topic, part FROM claims WHERE subscriber = :subscriber")
_ENTER = sa.text("""
INSERT INTO claims (subscriber, topic, part, next) VALUES (:subscriber, :topic, :part, :next) ON CONFLICT DO NOTHING
""")
# One process at a time decides who owns what, so that two do not take half of the partitions each from the other.
_SERIALISE = sa.text("SELECT pg_advisory_xact_lock(hashtext('dovira.claims'), hashtext(:subscriber))")
_KEEP = sa.text("""
WITH kept AS (
  UPDATE claims SET lease = clock_timestamp() + CAST(:ttl AS interval)
  WHERE subscriber = :subscriber AND owner = :owner RETURNING topic, part, next, epoch, stopped)
SELECT topic, part, next, epoch FROM kept
WHERE stopped IS NULL AND NOT EXISTS (
  SELECT FROM claims WHERE subscriber = :subscriber AND owner IS DISTINCT FROM :owner)
""")
_RENEW = sa.text("""
UPDATE claims SET lease = clock_timestamp() + CAST(:ttl AS interval) WHERE subscriber = :subscriber AND owner = :owner
""")
_SHARE = sa.text("""
SELECT ceil(count(*)::numeric /
  (1 + count(DISTINCT owner) FILTER (WHERE owner <> :owner AND lease > clock_timestamp())))
FROM claims WHERE subscriber = :subscriber
""")
# What is free, and what others hold above their share: they find out at their next renewal, or are fenced before it.
_TAKE = sa.text("""
WITH held AS (
  SELECT topic, part, owner, lease, row_number() OVER (PARTITION BY owner ORDER BY topic, part) AS nth,
    count(*) FILTER (WHERE owner = :owner) OVER () AS mine
  FROM claims WHERE subscriber = :subscriber)
UPDATE claims SET owner = :owner, epoch = epoch + 1, lease = clock_timestamp() + CAST(:ttl AS interval)
WHERE subscriber = :subscriber AND (topic, part) IN (
  SELECT topic, part FROM held WHERE owner IS DISTINCT FROM :owner
    AND (owner IS NULL OR lease < clock_timestamp() OR nth > :share)
  ORDER BY owner IS NOT NULL AND lease >= clock_timestamp(), topic, part
  LIMIT greatest(0, :share - (SELECT coalesce(max(mine), 0) FROM held)))
""")
_MINE = sa.text(
    "SELECT topic, part, next, epoch FROM claims WHERE subscriber = :subscriber AND owner = :owner AND stopped IS NULL"
)
_ADVANCE = sa.text("""
UPDATE claims SET next = moved.next, lease = clock_timestamp() + CAST(:ttl AS interval)
FROM unnest(CAST(:topics AS text[]), CAST(:parts AS smallint[]), CAST(:olds AS bigint[]), CAST(:news AS bigint[]),
  CAST(:epochs AS bigint[])) AS moved (topic, part, old, next, epoch)
WHERE claims.subscriber = :subscriber AND claims.topic = moved.topic AND claims.part = moved.part
  AND claims.next = moved.old AND claims.epoch = moved.epoch
""")
_STOP = sa.text("UPDATE claims SET stopped = :why WHERE subscriber = :subscriber AND topic = :topic AND part = :part")
_RESUME = sa.text("UPDATE claims SET stopped = NULL WHERE subscriber = :subscriber AND stopped IS NOT NULL")
_POSITIONS = sa.text("SELECT topic, part, next FROM claims WHERE subscriber = :subscriber")
_DROP = sa.text("UPDATE claims SET owner = NULL WHERE subscriber = :subscriber AND owner = :owner")


class Fenced(Exception):
    """Somebody else has moved this position on; what was about to take effect has already done so."""


class Claim(NamedTuple):
    """A position that is ours for now."""

    next: int
    epoch: int


class Claims:
    """One instance's view of one subscriber's positions."""

    def __init__(self, engine: AsyncEngine, subscriber: str, owner: UUID, ttl: timedelta) -> None:
        self._engine, self._subscriber, self._owner, self._ttl = engine, subscriber, owner, ttl
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def enter(self, first: Mapping[TP, int]) -> None:
        """Make a row for every partition, from the given offset on; rows that are there stay as they are."""
        async with self._engine.begin() as tx:
            for tp, place in first.items():
                await tx.execute(_ENTER, self._me(topic=tp.topic, part=tp.partition, next=place))

    async def known(self) -> set[TP]:
        """The partitions that have a row."""
        async with self._engine.connect() as connection:
            return {TP(*row) for row in await connection.execute(_KNOWN, self._me())}

    async def renew(self) -> dict[TP, Claim]:
        """Keep what is ours and take until this instance has its fair share; gives back what is ours now."""
        return await self._alone() or await self._among_others()

    async def _alone(self) -> dict[TP, Claim]:
        """One trip for whoever has everything, which is most of the time; nothing as soon as somebody else has some."""
        async with self._single.connect() as connection:
            rows = await connection.execute(_KEEP, self._me(owner=self._owner, ttl=self._ttl))
            return {TP(row.topic, row.part): Claim(row.next, row.epoch) for row in rows}

    async def _among_others(self) -> dict[TP, Claim]:
        async with self._engine.begin() as tx:
            await tx.execute(_SERIALISE, self._me())
            await tx.execute(_RENEW, self._me(owner=self._owner, ttl=self._ttl))
            share = int(await tx.scalar(_SHARE, self._me(owner=self._owner)) or 0)
            await tx.execute(_TAKE, self._me(owner=self._owner, ttl=self._ttl, share=share))
            rows = await tx.execute(_MINE, self._me(owner=self._owner))
            return {TP(row.topic, row.part): Claim(row.next, row.epoch) for row in rows}

    async def advance(self, tx: AsyncSession, claims: Mapping[TP, Claim], to: Mapping[TP, int]) -> None:
        """Move positions in the caller's transaction, all of them or none. Raises Fenced."""
        moved = await tx.execute(_ADVANCE, self._me(
            ttl=self._ttl, topics=[tp.topic for tp in to], parts=[tp.partition for tp in to],
            olds=[claims[tp].next for tp in to], news=list(to.values()), epochs=[claims[tp].epoch for tp in to],
        ))  # fmt: skip
        if moved.rowcount != len(to):  # type: ignore[attr-defined]
            raise Fenced

    async def stop(self, tp: TP, why: str) -> None:
        """Let nobody go on here until an operator has looked."""
        async with self._engine.begin() as tx:
            await tx.execute(_STOP, self._me(why=why, topic=tp.topic, part=tp.partition))

    async def drop(self) -> None:
        """Let others have everything at once, rather than when the lease runs out."""
        async with self._engine.begin() as tx:
            await tx.execute(_DROP, self._me(owner=self._owner))

    def _me(self, **others: object) -> dict[str, object]:
        return {"subscriber": self._subscriber} | others


async def resume(engine: AsyncEngine, subscriber: str) -> int:
    """Let stopped partitions go on; gives back how many there were."""
    async with engine.begin() as tx:
        return (await tx.execute(_RESUME, {"subscriber": subscriber})).rowcount


async def positions(engine: AsyncEngine, subscriber: str) -> dict[TP, int]:
    """Which offset takes effect next, per partition."""
    async with engine.connect() as connection:
        rows = await connection.execute(_POSITIONS, {"subscriber": subscriber})
        return {TP(row.topic, row.part): row.next for row in rows}


async def wait_until(engine: AsyncEngine, subscriber: str, reached: Mapping[TP, int], timeout: float) -> bool:  # noqa: ASYNC109
    """Whether a subscriber has come past the given offsets within `timeout` seconds: reading one's own writes."""
    try:
        async with asyncio.timeout(timeout):
            while not _past(await positions(engine, subscriber), reached):  # noqa: ASYNC110 - another process moves it
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


def _past(there: Mapping[TP, int], reached: Mapping[TP, int]) -> bool:
    return all(there.get(tp, 0) >= place for tp, place in reached.items())
