"""Delivery: reads partitions that are ours and lets each batch take effect together with its position (G4).

The session with the log is disposable. Whatever goes wrong that is not the record's own fault ends the session, and
the next begins from the positions in the database; there is no state worth saving.
"""

import asyncio
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from libs.bus import metrics, parking
from libs.bus.claims import Claim, Claims, Fenced, positions
from libs.bus.consumers import Subscriber
from libs.bus.log import TP, EventLog, Reader, Record, Truncated
from libs.bus.retry import heed_cancellation, passing
from libs.events import TOPICS, Envelope, Undecodable, UnknownType, decode

_LOOK_EVERY = 2.0  # seconds between measurements of the lag
_MOMENT = 0.1  # seconds between looks at how far the one we follow has come
_log = structlog.get_logger()


class Stuck(Exception):
    """The log has more, and the reader has not given it to us for too long."""


class Behind(Exception):
    """An earlier record of this key is parked, so this one must wait behind it."""


class Read(NamedTuple):
    """A record as far as it could be understood."""

    record: Record
    envelope: Envelope | None
    error: Exception | None = None


class Subscription:
    """One subscriber on one instance.

    Who follows another takes nothing that the other has yet to take: what is being built beside the live one is mute,
    so whatever it took first might never be told. `follows` may change at any time; the session ends by itself.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        log: EventLog,
        subscriber: Subscriber,
        owner: UUID,
        *,
        follows: str | None = None,
        lease: timedelta = timedelta(seconds=5),
        stuck_after: float = 10,
    ) -> None:
        self.name, self.subscriber, self.mine = subscriber.name, subscriber, dict[TP, Claim]()
        self.follows, self.lag = follows, dict[TP, int]()
        self._engine, self._log, self._stuck_after, self._lease = engine, log, stuck_after, lease.total_seconds()
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._claims = Claims(engine, subscriber.name, owner, lease)
        self._topics = sorted({event.topic for event in subscriber.events})
        self._wanted = frozenset(event.type for event in subscriber.events)
        self._limits: defaultdict[TP, parking.Limit] = defaultdict(parking.Limit)
        self._blocked: set[tuple[str, bytes]] = set()
        self._moved: dict[TP, float] = {}
        self._led: dict[TP, int] | None = None
        self._entered = False

    @property
    def partitions(self) -> list[TP]:
        """Everything this subscriber is to hear."""
        return [TP(topic, part) for topic in self._topics for part in range(TOPICS[topic].partitions)]

    async def run(self) -> None:
        """Deliver until cancelled, one session after another."""
        pause = 0.05
        try:
            while True:
                try:
                    await self._session()
                    heed_cancellation()
                    pause = 0.05
                except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the next begins from the database
                    heed_cancellation()
                    metrics.REBUILDS.labels(self.name).inc()
                    _log.warning("delivery.interrupted", subscriber=self.name, error=type(error).__name__)
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads instances, guards nothing
                    pause = min(5.0, pause * 2)
        finally:
            await asyncio.shield(self._let_go())

    async def _session(self) -> None:
        """Read from the positions that are ours until they change, we have all we may have, or something goes wrong."""
        await self._enter_partitions()
        await self._renew()
        follows = self.follows
        self._led = None if follows is None else await self._ahead(follows)
        reader = await self._open()
        try:
            looked = renewed = time.monotonic()
            while self.follows == follows and self._led_on():
                if reader is None:
                    await asyncio.sleep(self._lease / 3)
                elif batch := await reader.fetch(self.subscriber.most, within=0.25):
                    await self._settle([self._read(record) for record in self._passed(batch)])
                heed_cancellation()  # a driver may have swallowed it, and answered all the same
                if time.monotonic() - looked > _LOOK_EVERY:
                    await self._look()
                    looked = time.monotonic()
                if time.monotonic() - renewed > self._lease / 3:
                    if await self._renew():
                        return
                    renewed = time.monotonic()
        finally:
            if reader is not None:
                await reader.abandon()

    async def _enter_partitions(self) -> None:
        """A new subscriber hears everything the log still has. Rows that are gone later were forgotten on purpose."""
        if self._entered:
            return
        if missing := set(self.partitions) - await self._claims.known():
            bounds = await self._log.bounds(missing)
            await self._claims.enter({tp: bounds[tp].first for tp in sorted(missing)})
        self._entered = True

    async def _ahead(self, leader: str) -> dict[TP, int]:
        """How far the one we follow has come, once that is further than we are, or when it is time to renew."""
        until = time.monotonic() + self._lease / 3
        while True:
            await asyncio.sleep(min(_MOMENT, self._lease / 3))
            led = await positions(self._engine, leader)
            ahead = any(claim.next < led.get(tp, 0) for tp, claim in self.mine.items())
            if ahead or self.follows != leader or time.monotonic() > until:
                return led

    def _led_on(self) -> bool:
        """Whether the one we follow, if there is one, was further than we are now."""
        return self._led is None or any(claim.next < self._limit(tp) for tp, claim in self.mine.items())

    def _limit(self, tp: TP) -> int:
        """The first offset we may not take. The one we follow only goes on, so what it said a while ago still holds."""
        return sys.maxsize if self._led is None else self._led.get(tp, 0)

    def _passed(self, batch: Mapping[TP, Sequence[Record]]) -> list[Record]:
        limits = {tp: self._limit(tp) for tp in batch}
        return [record for tp, records in batch.items() for record in records if record.offset < limits[tp]]

    async def _renew(self) -> bool:
        """Renew the lease; whether what is ours is another now, or others have moved it on."""
        before, self.mine = self.mine, await self._claims.renew()
        self._blocked = await parking.blocked(self._engine, self.name) if self.subscriber.keeps_order else set()
        return before != self.mine

    async def _open(self) -> Reader | None:
        """A reader from our positions. A partition the log has cut off under us stops; it is not skipped."""
        self._moved = dict.fromkeys(self.mine, time.monotonic())
        start = {tp: claim.next for tp, claim in self.mine.items() if claim.next < self._limit(tp)}
        try:
            return await self._log.reader(start) if start else None
        except Truncated as error:
            for tp in error.tps:
                await self._stop(tp, "truncated")
            raise

    def _read(self, record: Record) -> Read:
        """Understand a record as far as we want it."""
        try:
            return Read(record, decode(record.value, self._wanted))
        except UnknownType:
            metrics.SKIPPED.labels(self.name).inc()
            return Read(record, None)
        except Undecodable as error:
            return Read(record, None, error)

    async def _settle(self, chunk: Sequence[Read]) -> None:
        """Let a chunk take effect; halve it until what cannot stands alone, and park that."""
        chunk = [read for read in chunk if read.record.tp in self.mine]
        try:
            if chunk:
                await self._take(chunk)
        except Fenced:
            metrics.FENCED.labels(self.name).inc()
            raise
        except Exception as error:
            if passing(error):
                raise
            if len(chunk) == 1:
                await self._park(chunk[0].record, error)
                return
            middle = len(chunk) // 2
            await self._settle(chunk[:middle])
            await self._settle(chunk[middle:])

    async def _take(self, chunk: Sequence[Read]) -> None:
        """One transaction: the position by compare-and-set, then the effects."""
        for record, _, error in chunk:
            if (record.tp.topic, record.key) in self._blocked:
                raise Behind
            if error:
                raise error
        envelopes = [read.envelope for read in chunk if read.envelope]
        ends = {read.record.tp: read.record.offset + 1 for read in chunk}
        with metrics.TRANSACTION.labels(self.name).time():
            async with self._sessions.begin() as tx:
                await self._claims.advance(tx, self.mine, ends)
                if envelopes:
                    await self.subscriber.take(tx, envelopes)
        self._moved_to(ends)
        metrics.TAKEN.labels(self.name).inc(len(envelopes))
        for tp, count in Counter(read.record.tp for read in chunk).items():
            self._limits[tp].passed(count)

    async def _park(self, record: Record, error: Exception) -> None:
        """Put a record aside and go on, unless so many fail that the code must be at fault."""
        behind = isinstance(error, Behind)
        if behind and not await self._still_blocked(record):
            self._blocked.discard((record.tp.topic, record.key))
            await self._settle([self._read(record)])
            return
        if not behind and self._limits[record.tp].failed():
            await self._stop(record.tp, f"too many failures, last {type(error).__name__}")
            return
        ends = {record.tp: record.offset + 1}
        async with self._sessions.begin() as tx:
            await self._claims.advance(tx, self.mine, ends)
            await parking.park(tx, self.name, record, "Behind" if behind else type(error).__name__)
        self._moved_to(ends)
        if self.subscriber.keeps_order:
            self._blocked.add((record.tp.topic, record.key))
        metrics.PARKED.labels(self.name).inc()
        _log.error("record.parked", subscriber=self.name, topic=record.tp.topic, offset=record.offset)

    async def _still_blocked(self, record: Record) -> bool:
        """Whether the key is blocked at this moment, not only when we last looked: somebody may have replayed it."""
        async with self._sessions.begin() as tx:
            return await parking.still_blocked(tx, self.name, record)

    async def _stop(self, tp: TP, why: str) -> None:
        """Leave a partition where it is until an operator has looked."""
        await self._claims.stop(tp, why)
        self.mine.pop(tp, None)
        metrics.STOPPED.labels(self.name).inc()
        _log.error("partition.stopped", subscriber=self.name, topic=tp.topic, partition=tp.partition)

    def _moved_to(self, ends: dict[TP, int]) -> None:
        for tp, place in ends.items():
            self.mine[tp] = self.mine[tp]._replace(next=place)
            self._moved[tp] = time.monotonic()

    async def _look(self) -> None:
        """Measure the lag, and end the session of a reader that gives us nothing although there is something."""
        bounds = await self._log.bounds(list(self.mine))
        now = time.monotonic()
        for tp, claim in self.mine.items():
            self.lag[tp] = max(0, min(bounds[tp].end, self._limit(tp)) - claim.next)
            if not self.lag[tp]:
                self._moved[tp] = now
            elif now - self._moved.get(tp, now) > self._stuck_after:
                raise Stuck(f"{tp.topic}/{tp.partition}")
        for topic in self._topics:
            self._report(topic, now)

    def _report(self, topic: str, now: float) -> None:
        lagging = [tp for tp in self.mine if tp.topic == topic and self.lag.get(tp)]
        metrics.LAG_EVENTS.labels(self.name, topic).set(sum(self.lag[tp] for tp in lagging))
        metrics.LAG_SECONDS.labels(self.name, topic).set(max((now - self._moved[tp] for tp in lagging), default=0))

    async def _let_go(self) -> None:
        self.mine = {}
        for topic in self._topics:
            self._report(topic, time.monotonic())
        try:
            await asyncio.wait_for(self._claims.drop(), 2)
        except Exception:  # noqa: BLE001 - then the lease runs out
            _log.warning("claims.kept", subscriber=self.name)
