"""G4, G5, G6, G8: each offset takes effect once, each event once, whoever crashes, sleeps or overlaps."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import Consumers, publish, wait_until
from libs.bus.claims import positions
from libs.bus.consumers import Subscriber, subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.log import TP, EventLog, Item, Record
from libs.bus.memory import MemoryLog, MemoryReader
from libs.bus.testing import enveloped
from libs.bus.testing import outbox as waiting
from libs.events import Envelope
from libs.events.intake import CooldownReleased, SessionHeld
from tests.bus.saying import NOW, Sums, eventually, item, note, noted, put, said

Sessions = async_sessionmaker[AsyncSession]


def reactor() -> Consumers:
    """Writes down what it hears."""
    consumers = Consumers("notes")

    @consumers.on(SessionHeld)
    async def write_down(event: SessionHeld, tx: AsyncSession) -> None:
        await note(tx, event)

    return consumers


class running:  # noqa: N801 - reads as a clause
    """A subscription at work."""

    def __init__(self, engine: AsyncEngine, log: EventLog, heard: Any, **options: Any) -> None:
        self.subscription = Subscription(engine, log, subscriber(heard), uuid7(), **options)

    async def __aenter__(self) -> Subscription:
        self.task = asyncio.create_task(self.subscription.run())
        return self.subscription

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def heard_all(engine: AsyncEngine, log: EventLog, name: str, within: float = 120) -> None:
    """Wait until a subscriber has come to the end of the log."""
    topic = SessionHeld.topic
    ends = {tp: bounds.end for tp, bounds in (await log.bounds([TP(topic, part) for part in range(6)])).items()}
    assert await wait_until(engine, name, ends, within), await positions(engine, name)


async def test_everything_said_is_heard_once_and_in_order_per_key(engine: AsyncEngine) -> None:
    log, keys = MemoryLog(), [uuid7() for _ in range(5)]
    await put(log, *(said(key, n) for n in range(1, 21) for key in keys))
    async with running(engine, log, reactor()):
        await heard_all(engine, log, "notes")
    assert await noted(engine) == {key: list(range(1, 21)) for key in keys}


async def test_what_comes_later_is_heard_too(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    async with running(engine, log, reactor()):
        for n in range(1, 4):
            await put(log, said(key, n))
            await heard_all(engine, log, "notes")
    assert await noted(engine) == {key: [1, 2, 3]}


async def test_the_same_event_at_two_offsets_takes_effect_once(engine: AsyncEngine) -> None:
    log, once = MemoryLog(), enveloped(said(uuid7(), 1))
    await put(log, once, once)
    async with running(engine, log, reactor()):
        await heard_all(engine, log, "notes")
        await put(log, once)
        await heard_all(engine, log, "notes")
    assert await noted(engine) == {once.subject: [1]}


async def test_a_zombie_past_its_lease_is_fenced_and_changes_nothing(engine: AsyncEngine) -> None:
    """It wakes inside its transaction, after another instance has taken over and gone on."""
    log, key, asleep, wake = MemoryLog(), uuid7(), asyncio.Event(), asyncio.Event()
    await put(log, said(key, 1))
    sleepy = Consumers("notes")

    @sleepy.on(SessionHeld)
    async def fall_asleep(event: SessionHeld, tx: AsyncSession) -> None:
        await note(tx, event)

    zombie = Subscription(engine, log, subscriber(sleepy), uuid7(), lease=timedelta(milliseconds=100))
    advance = zombie._claims.advance

    async def dawdle(*args: Any) -> None:
        asleep.set()
        await wake.wait()
        await advance(*args)

    zombie._claims.advance = dawdle  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(zombie.run())
    await asleep.wait()
    async with running(engine, log, reactor(), lease=timedelta(milliseconds=100)):
        await heard_all(engine, log, "notes")
        before = _fenced("notes")
        wake.set()
        await eventually(lambda: _fenced("notes") > before)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await noted(engine) == {key: [1]}


def _fenced(name: str) -> float:
    from libs.bus import metrics  # noqa: PLC0415

    return float(metrics.FENCED.labels(name)._value.get())


async def test_what_a_handler_publishes_names_the_event_that_caused_it(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    speaks = Consumers("speaks")

    @speaks.on(SessionHeld)
    async def answer(event: SessionHeld, tx: AsyncSession) -> None:
        await publish(tx, CooldownReleased(tenant=event.tenant, at=NOW, specialist_id=key, request_id=key))

    first = enveloped(said(key, 1))
    await put(log, first, first)
    async with running(engine, log, speaks):
        await heard_all(engine, log, "speaks")
    (effect,) = await waiting(engine)
    assert (effect.causationid, effect.correlationid) == (first.id, first.correlationid)


async def test_a_handler_sees_only_its_events_tenant(engine: AsyncEngine) -> None:
    seen, log = list[tuple[str, str | None]](), MemoryLog()
    looks = Consumers("looks")

    @looks.on(SessionHeld)
    async def look(event: SessionHeld, tx: AsyncSession) -> None:
        seen.append((event.tenant, await tx.scalar(sa.text("SELECT current_setting('app.tenant')"))))

    key = uuid7()
    other = SessionHeld(**{f: getattr(said(key, 2), f) for f in SessionHeld.__struct_fields__} | {"tenant": "clinics"})
    await put(log, said(key, 1), other)
    async with running(engine, log, looks):
        await heard_all(engine, log, "looks")
    assert seen == [("therapy", "therapy"), ("clinics", "clinics")]


async def test_a_passing_trouble_of_the_database_parks_nothing(engine: AsyncEngine) -> None:
    log, key, tries = MemoryLog(), uuid7(), []
    await put(log, said(key, 1))
    troubled = Consumers("troubled")

    @troubled.on(SessionHeld)
    async def fail_twice(event: SessionHeld, tx: AsyncSession) -> None:
        tries.append(1)
        if len(tries) < 3:
            await tx.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'later' USING ERRCODE = '40P01'; END $$"))
        await note(tx, event)

    async with running(engine, log, troubled):
        await heard_all(engine, log, "troubled")
    assert await noted(engine) == {key: [1]}
    assert len(tries) == 3
    async with engine.connect() as connection:
        assert not await connection.scalar(sa.text("SELECT count(*) FROM parked"))


async def test_a_reader_that_is_stuck_is_replaced(engine: AsyncEngine) -> None:
    """Clients of real brokers have been seen to stop giving one partition, silently and for good."""

    class Deaf(MemoryReader):
        async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:  # noqa: ARG002
            await asyncio.sleep(0.01)
            return {}

    class Half(MemoryLog):
        opened = 0

        async def reader(self, start: Any) -> MemoryReader:
            self.opened += 1
            return Deaf(self, start) if self.opened == 1 else MemoryReader(self, start)

    log, key = Half(), uuid7()
    await put(log, said(key, 1))
    async with running(engine, log, reactor(), stuck_after=0.2):
        await heard_all(engine, log, "notes")
    assert log.opened > 1
    assert await noted(engine) == {key: [1]}


async def test_a_client_that_cancels_its_own_future_does_not_end_the_delivery(engine: AsyncEngine) -> None:
    """Aiokafka does so when a broker goes away: the task would end without a word, and nobody would read on."""

    class Cancels(MemoryReader):
        async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:  # noqa: ARG002
            raise asyncio.CancelledError

    class Once(MemoryLog):
        opened = 0

        async def reader(self, start: Any) -> MemoryReader:
            self.opened += 1
            return Cancels(self, start) if self.opened == 1 else MemoryReader(self, start)

    log, key = Once(), uuid7()
    await put(log, said(key, 1))
    async with running(engine, log, reactor()):
        await heard_all(engine, log, "notes")
    assert await noted(engine) == {key: [1]}


async def test_a_cancellation_that_a_driver_swallowed_ends_the_delivery_all_the_same(engine: AsyncEngine) -> None:
    reading = asyncio.Event()

    class Swallows(MemoryReader):
        async def fetch(self, most: int, *, within: float) -> dict[TP, list[Record]]:  # noqa: ARG002
            reading.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(600)
            return {}

    class Log(MemoryLog):
        async def reader(self, start: Any) -> MemoryReader:
            return Swallows(self, start)

    task = asyncio.create_task(Subscription(engine, Log(), subscriber(reactor()), uuid7()).run())
    await reading.wait()
    task.cancel()
    assert (await asyncio.wait({task}, timeout=30))[0] == {task}


async def test_wait_until_reads_ones_own_writes(engine: AsyncEngine) -> None:
    log = MemoryLog()
    (written,) = await put(log, said(uuid7(), 1))
    past = {written.tp: 1}
    assert not await wait_until(engine, "notes", past, 0.05)
    async with running(engine, log, reactor()):
        assert await wait_until(engine, "notes", past, 60)


async def test_two_instances_share_fairly_and_one_takes_over_when_the_other_ends(engine: AsyncEngine) -> None:
    log, lease = MemoryLog(), timedelta(milliseconds=300)
    async with running(engine, log, reactor(), lease=lease) as first:
        async with running(engine, log, reactor(), lease=lease) as second:
            await eventually(lambda: (len(first.mine), len(second.mine)) == (3, 3))
            assert not first.mine.keys() & second.mine.keys()
        await eventually(lambda: len(first.mine) == 6)


class Crash(Exception):
    """The process ends here."""


class Mortal:
    """A subscriber whose process may end before, within or just after its effects, or sleep through its lease."""

    def __init__(self, inner: Subscriber, chance: random.Random) -> None:
        self.name, self.events, self.keeps_order, self.most = inner.name, inner.events, inner.keeps_order, 15
        self._inner, self._chance = inner, chance
        self.crashes = 0

    async def take(self, tx: AsyncSession, batch: Sequence[Envelope]) -> None:
        fate = self._chance.random()
        if fate < 0.15 or not self.crashes:
            self._crash()
        await self._inner.take(tx, batch)
        if fate < 0.3:
            self._crash()
        if fate < 0.4:
            await asyncio.sleep(0.15)

    def _crash(self) -> None:
        self.crashes += 1
        raise OSError("crash")  # a passing trouble: the session ends and another begins from the database


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("order", ["ordered", "commutative"])
async def test_crashes_zombies_duplicates_and_disorder_leave_the_sum_right(
    engine: AsyncEngine, seed: int, order: str
) -> None:
    chance, log, keys = random.Random(seed), MemoryLog(), [uuid7() for _ in range(6)]
    envelopes = [enveloped(said(key, n)) for n in range(1, 16) for key in keys]
    sent = [each for each in envelopes for _ in range(chance.choice([1, 1, 1, 2]))]
    heard: Any = reactor()
    if order == "commutative":
        chance.shuffle(sent)
        heard = Sums()
    mortals = [Mortal(subscriber(heard), chance) for _ in range(3)]

    async def live(mortal: Mortal) -> None:
        """One process after another, each with an identity of its own."""
        while True:
            life = Subscription(engine, log, mortal, uuid7(), lease=timedelta(milliseconds=80))
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0.3, 1.2)):
                    await life.run()

    lives = [asyncio.create_task(live(mortal)) for mortal in mortals]
    try:
        for at in range(0, len(sent), 20):
            await put(log, *sent[at : at + 20])
            await asyncio.sleep(0.02)
        await heard_all(engine, log, mortals[0].name)
    finally:
        for each in lives:
            each.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    found = await noted(engine)
    if order == "commutative":
        found = {key: sorted(numbers) for key, numbers in found.items()}
    assert found == {key: list(range(1, 16)) for key in keys}
    assert sum(mortal.crashes for mortal in mortals)


async def test_an_event_of_an_unknown_type_is_skipped_and_counted(engine: AsyncEngine) -> None:
    from libs.bus import metrics  # noqa: PLC0415

    log, key = MemoryLog(), uuid7()
    envelope = enveloped(said(key, 1))
    strange: Item = item(envelope)
    strange = strange._replace(value=strange.value.replace(b"SessionHeld.v1", b"SessionDreamt.v9"))
    before = metrics.SKIPPED.labels("notes")._value.get()
    await put(log, strange, said(key, 2))
    async with running(engine, log, reactor()):
        await heard_all(engine, log, "notes")
    assert await noted(engine) == {key: [2]}
    assert metrics.SKIPPED.labels("notes")._value.get() == before + 1
