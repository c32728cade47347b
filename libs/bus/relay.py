"""The relay: takes events from the outbox to the log, deleting what the log has acknowledged.

There is no cursor. Sequence order is not commit order, so "everything after the last id" loses rows; what is still in
the table is what is still to be sent. A crash between acknowledgement and delete sends twice, never not at all (G2).
Per key the order of first occurrences is that of commits (G3): an outbox row is written after its aggregate's row was
locked, so when a later one is visible, the earlier one is too.
"""

import asyncio
from contextlib import suppress

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.bus import metrics
from libs.bus.log import TP, EventLog, Item, Writer
from libs.bus.outbox import alarm_of
from libs.bus.retry import heed_cancellation
from libs.events import TOPICS

SHARDS = 16
_SELDOM = 0.25  # seconds between looks at an outbox that stays empty; whoever commits in this process wakes us anyway
_log = structlog.get_logger()
_WAITING = sa.text("SELECT EXISTS (SELECT FROM outbox)")
# Held until the round commits: one relay per shard at a time, and a lost connection gives it back by itself.
_LOCK = sa.text("""
SELECT shard FROM unnest(CAST(:shards AS int[])) AS shard
WHERE pg_try_advisory_xact_lock(hashtext('dovira.relay'), shard)
""")
_TAKE = sa.text("""
SELECT id, topic, slot, CAST(key AS text), value FROM outbox WHERE slot % :of = ANY(CAST(:shards AS int[]))
ORDER BY id LIMIT :most
""")
_DROP = sa.text("DELETE FROM outbox WHERE id = ANY(CAST(CAST(:ids AS text) AS bigint[]))")
_STATE = sa.text("""
SELECT count(*) AS events, coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) AS age FROM outbox
""")


class Relay:
    """One service's relay. Any number of instances may run; each shard has one at a time."""

    def __init__(
        self, name: str, engine: AsyncEngine, log: EventLog, *, most: int = 2000, poll: float = 0.05, within: float = 10
    ) -> None:
        self._name, self._engine, self._log = name, engine, log
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")  # one trip for one question
        self._most, self._poll, self._within = most, poll, within
        self._writer: Writer | None = None
        self._others_have_all = False
        self._sent = metrics.RELAYED.labels(name)

    async def run(self) -> None:
        """Relay until cancelled. A round that fails costs the session, never an event."""
        news, pause = alarm_of(self._engine), self._poll
        try:
            while True:
                news.clear()
                try:
                    sent = await self.round()
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the rows are still there
                    heed_cancellation()
                    await self._abandon(error)
                    pause = min(2.0, pause * 2)
                    await asyncio.sleep(pause)  # whatever news there is, the log is not within reach
                    continue
                heed_cancellation()  # a driver may have swallowed it, and answered all the same
                pause = self._poll if sent else min(_SELDOM, pause * 1.5)
                if self._others_have_all:
                    await asyncio.sleep(pause)  # To hear of every commit here would not help.
                elif not sent:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await news.wait()
        finally:
            await self._abandon(None)

    async def round(self) -> int:
        """Send and delete up to one batch; gives back how many events that was."""
        self._others_have_all = False
        if not await self._anything():
            return 0
        async with self._engine.connect() as connection:
            locked = (await connection.execute(_LOCK, {"shards": list(range(SHARDS))})).scalars().all()
            self._others_have_all = not locked
            if not locked:
                return 0  # To look for rows of no shard is to read the whole outbox.
            taken = {"of": SHARDS, "shards": list(locked), "most": self._most}
            rows = (await connection.execute(_TAKE, taken)).all()
            if rows:
                await self._send([_item(*row) for row in rows])
                # Spelt out: of an array the driver would inspect every element.
                await connection.execute(_DROP, {"ids": f"{{{','.join(str(row[0]) for row in rows)}}}"})
                await connection.commit()
        self._sent.inc(len(rows))
        return len(rows)

    async def state(self) -> tuple[int, float]:
        """How many events wait, and for how many seconds the oldest has."""
        async with self._single.connect() as connection:
            events, age = (await connection.execute(_STATE)).one()
        metrics.OUTBOX_EVENTS.labels(self._name).set(events)
        metrics.OUTBOX_AGE.labels(self._name).set(age)
        return events, float(age)

    async def _anything(self) -> bool:
        async with self._single.connect() as connection:
            return bool(await connection.scalar(_WAITING))

    async def _send(self, items: list[Item]) -> None:
        if self._writer is None:
            self._writer = await self._log.writer()
        await self._writer.append(items, within=self._within)

    async def _abandon(self, error: BaseException | None) -> None:
        if error is not None:
            metrics.REBUILDS.labels(f"{self._name}.relay").inc()
            _log.warning("relay.interrupted", service=self._name, error=type(error).__name__)
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.abandon()


def _item(_: int, topic: str, slot: int, key: str, value: bytes) -> Item:
    return Item(TP(topic, slot % TOPICS[topic].partitions), key.encode(), value)
