"""The log as two PostgreSQL tables: what the embedded run uses, with the same partitions and offsets as Kafka.

A writer takes the heads of its partitions by row lock, so offsets are given in commit order and have no gaps:
a reader that has seen offset n will never find a smaller one later.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from weakref import WeakSet

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.bus.log import TP, Bounds, Item, Record, Truncated
from libs.events import TOPICS, Topic

_LOOK_EVERY = 0.25  # seconds; what other processes append is seen this much later at most
_LINGER = 0.02  # seconds between hearing of news and reading it: what comes meanwhile shares a transaction
_SCHEMA = """
CREATE TABLE IF NOT EXISTS heads (topic text, part smallint, first bigint NOT NULL DEFAULT 0,
  next bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, part)) WITH (fillfactor = 20);
CREATE TABLE IF NOT EXISTS records (topic text, part smallint, place bigint, key bytea NOT NULL, value bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (topic, part, place));
"""
_HEAD = sa.text("INSERT INTO heads SELECT :topic, part FROM generate_series(0, :last) AS part ON CONFLICT DO NOTHING")
# The update reads `held`, so each head is locked before it moves: a row that this statement had already moved would be
# passed over by FOR UPDATE, and its records lost.
_APPEND = sa.text("""
WITH given AS (SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:parts AS smallint[]), CAST(:counts AS int[]))
    AS given (topic, part, count)),
  held AS (SELECT topic, part, next FROM heads JOIN given USING (topic, part) ORDER BY topic, part FOR UPDATE OF heads),
  written AS (INSERT INTO records (topic, part, place, key, value)
    SELECT topic, part, next + nth, key, value FROM held JOIN unnest(CAST(:item_topics AS text[]),
      CAST(:item_parts AS smallint[]), CAST(:nths AS int[]), CAST(:keys AS bytea[]), CAST(:values AS bytea[]))
      AS item (topic, part, nth, key, value) USING (topic, part))
UPDATE heads SET next = held.next + given.count FROM held JOIN given USING (topic, part)
WHERE heads.topic = held.topic AND heads.part = held.part
""")
_FETCH = sa.text("""
SELECT topic, part, place, key, value, at
FROM unnest(CAST(:topics AS text[]), CAST(:parts AS smallint[]), CAST(:places AS bigint[])) AS want (topic, part, start)
CROSS JOIN LATERAL (SELECT place, key, value, at FROM records
  WHERE records.topic = want.topic AND records.part = want.part AND place >= start ORDER BY place LIMIT :most) AS found
""")
_APPENDED = sa.text("SELECT sum(next) FROM heads")
_BOUNDS = sa.text("SELECT topic, part, first, next FROM heads WHERE topic = ANY(CAST(:topics AS text[]))")
_FORGET = sa.text("""
WITH gone AS (DELETE FROM records WHERE topic = :topic AND at < clock_timestamp() - CAST(:retention AS interval)
  RETURNING part, place)
UPDATE heads SET first = last + 1 FROM (SELECT part, max(place) AS last FROM gone GROUP BY part) AS gone
WHERE heads.topic = :topic AND heads.part = gone.part
""")


class LocalLog:
    """The log of one machine. Readers are woken by this process's writers, and by a glance at what others wrote."""

    def __init__(self, engine: AsyncEngine, topics: Collection[Topic] = tuple(TOPICS.values())) -> None:
        self.engine, self._topics = engine, topics
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # one trip for one question
        self._glanced, self._appended = time.monotonic(), -1
        self._readers: WeakSet[LocalReader] = WeakSet()

    async def prepare(self) -> None:
        """Create the two tables and each topic's heads; doing it twice, or in two processes at once, is fine."""
        async with self.engine.begin() as tx:
            await tx.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('dovira.log'))"))
            for statement in _SCHEMA.split(";\n")[:-1]:
                await tx.execute(sa.text(statement))
            for topic in self._topics:
                await tx.execute(_HEAD, {"topic": topic.name, "last": topic.partitions - 1})

    async def bounds(self, tps: Collection[TP]) -> dict[TP, Bounds]:
        """Where each partition begins and ends now."""
        async with self._single.connect() as connection:
            rows = await connection.execute(_BOUNDS, {"topics": list({tp.topic for tp in tps})})
            found = {TP(row.topic, row.part): Bounds(row.first, row.next) for row in rows}
        return {tp: found[tp] for tp in tps}

    async def writer(self) -> "LocalWriter":
        """A new writing session."""
        return LocalWriter(self)

    async def reader(self, start: Mapping[TP, int]) -> "LocalReader":
        """A new reading session. Raises Truncated where the log begins after the position."""
        bounds = await self.bounds(start.keys())
        if lost := [tp for tp, place in start.items() if place < bounds[tp].first]:
            raise Truncated(lost)
        reader = LocalReader(self, start)
        self._readers.add(reader)
        return reader

    async def mirror(self, name: str, positions: Mapping[TP, int]) -> None:
        """Nothing to do: the claims tables are open to anyone with SQL."""

    async def forget(self) -> None:
        """Drop what is older than its topic remembers."""
        async with self.engine.begin() as tx:
            for topic in self._topics:
                if topic.retention is not None:
                    await tx.execute(_FORGET, {"topic": topic.name, "retention": topic.retention})

    async def close(self) -> None:
        """Let go of the connections."""
        await self.engine.dispose()

    async def glance(self) -> None:
        """Wake the readers if anybody has written since the last glance; one does for all readers of this process."""
        now = time.monotonic()
        if now - self._glanced < _LOOK_EVERY / 2:
            return
        self._glanced = now
        async with self._single.connect() as connection:
            appended = await connection.scalar(_APPENDED)
        if appended != self._appended:
            self._appended = appended
            self.wake()

    def wake(self) -> None:
        """Tell this process's readers that there is something new."""
        for reader in self._readers:
            reader.news.set()


class LocalWriter:
    """Appends in one transaction, so a round is all there or not at all."""

    def __init__(self, log: LocalLog) -> None:
        self._log = log

    async def append(self, items: Sequence[Item], *, within: float) -> None:
        """Write items behind what their partitions have."""
        async with asyncio.timeout(within):
            async with self._log.engine.begin() as tx:
                await tx.execute(_APPEND, _columns(items))
            self._log.wake()

    async def abandon(self) -> None:
        """There is no session to end."""


class LocalReader:
    """Reads on from its positions; a row is visible only when all before it in its partition are."""

    def __init__(self, log: LocalLog, start: Mapping[TP, int]) -> None:
        self.news = asyncio.Event()
        self.news.set()
        self._log, self._next = log, dict(start)

    async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:
        """Whatever there is news of. What was found is itself news: there may be more."""
        if not self.news.is_set():
            try:
                async with asyncio.timeout(min(within, _LOOK_EVERY)):
                    await self.news.wait()
            except TimeoutError:
                await self._log.glance()
                return {}
            await asyncio.sleep(_LINGER)
        self.news.clear()
        if found := await self._look(most):
            self.news.set()
        return found

    async def abandon(self) -> None:
        """Hear no more news."""
        self._log._readers.discard(self)  # noqa: SLF001 - log and reader are two halves of one thing

    async def _look(self, most: int) -> dict[TP, list[Record]]:
        topics, parts = zip(*self._next, strict=True)
        wanted = {"topics": list(topics), "parts": list(parts), "places": list(self._next.values())}
        async with self._log._single.connect() as connection:  # noqa: SLF001
            rows = (await connection.execute(_FETCH, wanted | {"most": max(1, most // len(self._next))})).all()
        found: dict[TP, list[Record]] = defaultdict(list)
        for topic, part, place, key, value, at in rows:
            tp = TP(topic, part)
            found[tp].append(Record(tp, place, key, value, at))
        for tp, records in found.items():
            self._next[tp] = records[-1].offset + 1
        return found


def _columns(items: Sequence[Item]) -> dict[str, list[object]]:
    """The items as arrays, numbered within their partitions."""
    seen: Counter[TP] = Counter()
    nths: list[object] = []
    for item in items:
        nths.append(seen[item.tp])
        seen[item.tp] += 1
    return {
        "topics": [tp.topic for tp in seen], "parts": [tp.partition for tp in seen], "counts": list(seen.values()),
        "item_topics": [item.tp.topic for item in items], "item_parts": [item.tp.partition for item in items],
        "nths": nths, "keys": [item.key for item in items], "values": [item.value for item in items],
    }  # fmt: skip
