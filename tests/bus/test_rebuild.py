"""G10: a projection is rebuilt beside the live one, and across the switch each thing is told once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any, Self
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from libs.bus import Bus, all_quiet
from libs.bus.claims import positions
from libs.bus.consumers import Projector, subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.local import LocalLog
from libs.bus.log import TP, EventLog
from libs.bus.memory import MemoryLog
from libs.bus.parking import listed
from libs.bus.rebuild import Progress, forget, hold, let_go, level, progress
from libs.bus.testing import enveloped
from tests.bus.conftest import new_database
from tests.bus.saying import eventually, item, put, said
from tests.bus.totals import (
    TABLES,
    Brisk,
    Totals,
    build,
    listener,
    switch,
    switched,
    tellers,
    told,
    totals,
)


@pytest.fixture(autouse=True)
async def _tables(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.bus.bus._ASK_EVERY", 0.05)
    async with engine.begin() as tx:
        for statement in TABLES.split(";\n"):
            await tx.execute(sa.text(statement))


@pytest.fixture(params=["memory", "local"])
async def anywhere(request: pytest.FixtureRequest, postgres: str) -> AsyncIterator[EventLog]:
    """The logs that this process has to itself."""
    made = MemoryLog() if request.param == "memory" else LocalLog(await new_database(postgres))
    await made.prepare()
    yield made
    await made.close()


class Writing:
    """Somebody who goes on saying things, now and then twice; ever more slowly, so that nobody who hears is outrun."""

    def __init__(self, log: EventLog, chance: random.Random, pause: float = 0.02) -> None:
        self._log, self._chance, self._pause = log, chance, pause
        self.keys, self.copies = [uuid7() for _ in range(8)], Counter[tuple[UUID, int]]()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._going = False
        await self._task

    async def _write(self) -> None:
        self._going, number = True, 0
        while self._going:
            number += 1
            await self.say(number)
            await asyncio.sleep(self._chance.uniform(0, 2 * self._pause) * (1 + number / 50))

    async def say(self, number: int) -> None:
        """Say one thing of some of the keys."""
        for key in self._chance.sample(self.keys, 3):
            envelope = enveloped(said(key, number))
            copies = self._chance.choice([1, 1, 1, 2])
            await put(self._log, *[envelope] * copies)
            self.copies[key, number] += copies

    def sums(self) -> dict[UUID, tuple[int, int]]:
        """What a generation has to come to."""
        return {
            key: (sum(n for k, n in self.copies if k == key), sum(c for (k, _), c in self.copies.items() if k == key))
            for key in {key for key, _ in self.copies}
        }

    def each_once(self) -> Counter[tuple[UUID, int]]:
        return Counter(dict.fromkeys(self.copies, 1))


async def sums_of(engine: AsyncEngine, generation: int) -> dict[UUID, tuple[int, int]]:
    async with engine.connect() as tx:
        return await totals(tx, generation)


async def is_level(engine: AsyncEngine, leader: int = 1, follower: int = 2) -> bool:
    async with engine.begin() as tx:
        return await level(tx, f"totals.{leader}", f"totals.{follower}")


async def killed(*_: object) -> None:
    """A process that is killed does not let go of anything."""
    raise OSError("killed")


class alone:  # noqa: N801 - reads as a clause
    """One subscription at work by itself."""

    def __init__(self, engine: AsyncEngine, log: EventLog, all_of_them: Totals, number: int, **options: Any) -> None:
        lease = timedelta(milliseconds=300)
        heard = subscriber(all_of_them.generation(number))
        self.subscription = Subscription(engine, log, heard, uuid7(), **{"lease": lease} | options)

    async def __aenter__(self) -> Subscription:
        self.task = asyncio.create_task(self.subscription.run())
        return self.subscription

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def test_a_generation_is_built_beside_the_live_one_and_takes_its_place(
    engine: AsyncEngine, anywhere: EventLog
) -> None:
    figures, chance = Totals(), random.Random(1)
    async with Brisk("rebuilt", engine, anywhere, [figures, listener()]) as bus:
        async with Writing(anywhere, chance) as writing:
            await eventually(lambda: told(engine))
            await build(engine, 2)
            await eventually(lambda: sums_of(engine, 2))
            await switch(engine, 1, 2)
        assert await all_quiet([bus], within=120), await bus.status()
        await let_go(engine, "totals.1")
        await eventually(lambda: is_level(engine, 2, 1))
    assert await sums_of(engine, 2) == await sums_of(engine, 1) == writing.sums()
    assert await told(engine) == writing.each_once()
    assert figures.overtook == 0


async def test_after_the_switch_the_new_one_tells_and_the_old_one_no_longer(engine: AsyncEngine) -> None:
    log, before, after = MemoryLog(), uuid7(), uuid7()
    await put(log, *(said(before, n) for n in range(1, 4)))
    async with Brisk("switched", engine, log, [Totals(), listener()]) as bus:
        await all_quiet([bus], within=120)
        await build(engine, 2)
        await switch(engine, 1, 2)
        await let_go(engine, "totals.1")
        await put(log, *(said(after, n) for n in range(1, 4)))
        assert await all_quiet([bus], within=120)
        await eventually(lambda: is_level(engine, 2, 1))
    assert (await tellers(engine, before), await tellers(engine, after)) == ([1] * 3, [2] * 3)


@pytest.mark.parametrize("seed", range(8))
async def test_across_switches_nothing_is_swallowed_and_nothing_told_twice(engine: AsyncEngine, seed: int) -> None:
    """Two instances, writers that go on, transactions that fail, processes that end with or without a farewell."""
    chance, log = random.Random(seed), MemoryLog()

    async def trouble(_: int) -> None:
        fate = chance.random()
        if fate < 0.06:
            raise OSError("a passing trouble")
        if fate < 0.2:
            await asyncio.sleep(chance.uniform(0, 0.05))

    async def live(instance: int) -> None:
        figures = Totals(before=trouble, after=trouble)
        for life in count():
            async with Brisk(f"seed {seed} {instance}", engine, log, [figures, listener()]) as bus:
                # Longer each time: on a busy machine the first ones may be too short to get anything done.
                await asyncio.sleep(chance.uniform(0.3, 1.5) + 0.2 * life)
                if chance.random() < 0.3:
                    for each in bus.subscriptions:
                        each._claims.drop = killed  # type: ignore[method-assign]

    lives = [asyncio.create_task(live(instance)) for instance in range(2)]
    try:
        async with Writing(log, chance) as writing:
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            await build(engine, 2)
            await switch(engine, 1, 2)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await switch(engine, 2, 1)
            await let_go(engine, "totals.2")
    finally:
        for each in lives:
            each.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    async with Brisk("the end", engine, log, [Totals(), listener()]) as bus:
        assert await all_quiet([bus], within=120), await bus.status()
        await eventually(lambda: is_level(engine))
    assert await told(engine) == writing.each_once()
    assert await sums_of(engine, 2) == await sums_of(engine, 1) == writing.sums()


@pytest.mark.parametrize("seed", range(5))
async def test_a_crash_at_any_moment_of_the_catch_up_resumes_from_its_own_positions(
    engine: AsyncEngine, seed: int
) -> None:
    chance, log, crashes = random.Random(seed), MemoryLog(), list[float]()
    writing = Writing(log, chance)
    for number in range(1, 100):
        await writing.say(number)
    async with alone(engine, log, Totals(), 1):
        await eventually(lambda: heard_all(engine, log, 1))

    async def crash(_: int) -> None:
        fate = chance.random()
        if fate < 0.15 or len(crashes) < 2:
            crashes.append(fate)
            raise OSError("crash")
        await asyncio.sleep(chance.uniform(0, 0.02))

    async def live() -> None:
        for number in count():
            life = alone(engine, log, Totals(before=crash, after=crash, most=20), 2, follows="totals.1").subscription
            if chance.random() < 0.5:
                life._claims.drop = killed  # type: ignore[method-assign]
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0.1, 0.5) + 0.1 * number):
                    await life.run()

    lives = [asyncio.create_task(live()) for _ in range(2)]
    try:
        await eventually(lambda: is_level(engine))
    finally:
        for each in lives:
            each.cancel()
        await asyncio.gather(*lives, return_exceptions=True)
    assert await sums_of(engine, 2) == await sums_of(engine, 1) == writing.sums()


async def heard_all(engine: AsyncEngine, log: EventLog, generation: int) -> bool:
    done, total = await progress(engine, log, f"totals.{generation}")
    return done == total > 0


async def test_a_rebuild_keeps_nobody_waiting_for_quiet(engine: AsyncEngine) -> None:
    async def dawdle(generation: int) -> None:
        if generation == 2:
            await asyncio.Event().wait()

    log, key = MemoryLog(), uuid7()
    async with Brisk("building", engine, log, [Totals(before=dawdle), listener()]) as bus:
        await put(log, said(key, 1))
        await build(engine, 2)
        await eventually(lambda: positions(engine, "totals.2"))
        await put(log, said(key, 2))
        assert await all_quiet([bus], within=120)
        status = await bus.status()
        assert status["subscribers"]["totals.2"]["behind"] == 2
    assert await tellers(engine, key) == [1, 1]


async def test_what_is_built_never_overtakes_the_live_one(engine: AsyncEngine, anywhere: EventLog) -> None:
    """Whatever the log has more: the live one is held in the middle of it, on some partitions before their begin."""
    chance, figures = random.Random(3), Totals()
    async with (
        alone(engine, anywhere, figures, 1, follows=None),
        alone(engine, anywhere, figures, 2, follows="totals.1"),
        Writing(anywhere, chance, pause=0.001),
    ):
        await eventually(lambda: sums_of(engine, 1))
        await hold(engine, "totals.1", "rebuild")
        held = await positions(engine, "totals.1")
        await eventually(lambda: is_level(engine))
        done = (await progress(engine, anywhere, "totals.1")).total
        await eventually(lambda: _longer(engine, anywhere, done + 200))
        assert await positions(engine, "totals.2") == held == await positions(engine, "totals.1")
    assert figures.overtook == 0


async def _longer(engine: AsyncEngine, log: EventLog, than: int) -> bool:
    return (await progress(engine, log, "totals.1")).total > than


async def test_where_the_live_one_has_not_begun_there_is_nothing_to_follow(engine: AsyncEngine) -> None:
    log = MemoryLog()
    await put(log, *(said(uuid7(), n) for n in range(1, 10)))
    async with alone(engine, log, Totals(), 2, follows="totals.1") as building:
        await eventually(lambda: building.mine)
        assert not await is_level(engine)
        async with alone(engine, log, Totals(), 1):
            await eventually(lambda: is_level(engine))
    assert await sums_of(engine, 2) == await sums_of(engine, 1)


async def test_two_instances_agree_on_what_there_is_and_share_it(engine: AsyncEngine) -> None:
    log, figures = MemoryLog(), Totals()

    def shares(*buses: Bus) -> list[dict[str, int]]:
        return [{each.name: len(each.mine) for each in bus.subscriptions} for bus in buses]

    async with Brisk("one", engine, log, [figures]) as one, Brisk("two", engine, log, [figures]) as two:
        await build(engine, 2)
        await eventually(lambda: shares(one, two) == [{"totals.1": 3, "totals.2": 3}] * 2)
        await switch(engine, 1, 2)
        await drop(engine, 1)
        await eventually(lambda: shares(one, two) == [{"totals.2": 3}] * 2)
        assert [each.follows for bus in (one, two) for each in bus.subscriptions] == [None, None]
        await eventually(lambda: [len(bus._running) for bus in (one, two)] == [1, 1])
    assert await positions(engine, "totals.1") == {}


async def test_one_that_stops_lets_go_of_its_own_positions_only(engine: AsyncEngine) -> None:
    log = MemoryLog()
    async with Bus("stops one", engine, log, [Totals()]) as bus:
        await build(engine, 2)
        await eventually(lambda: [len(each.mine) for each in bus.subscriptions] == [6, 6])
        async with engine.begin() as tx:
            await tx.execute(sa.text("DELETE FROM generations WHERE number = 2"))
        await eventually(lambda: _owned(engine, {"totals.1": 6, "totals.2": 0}))


async def _owned(engine: AsyncEngine, expected: dict[str, int]) -> bool:
    async with engine.connect() as tx:
        rows = await tx.execute(sa.text("SELECT subscriber, count(owner) FROM claims GROUP BY subscriber"))
        return {subscriber: owned for subscriber, owned in rows} == expected  # noqa: C416 - rows are no pairs to a type checker


async def drop(engine: AsyncEngine, generation: int) -> None:
    """Remove a generation with all it had."""
    async with engine.begin() as tx:
        await forget(tx, f"totals.{generation}")
        for statement in (
            "DELETE FROM generations WHERE number = :generation",
            "DELETE FROM heard WHERE generation = :generation",
            "DELETE FROM totals WHERE generation = :generation",
        ):
            await tx.execute(sa.text(statement), {"generation": generation})


async def test_what_was_forgotten_does_not_come_back_though_somebody_still_works_on_it(engine: AsyncEngine) -> None:
    log, chance = MemoryLog(), random.Random(5)
    async with alone(engine, log, Totals(), 1), Writing(log, chance) as writing:
        await eventually(lambda: sums_of(engine, 1))
        await drop(engine, 1)
        said_by_then = len(writing.copies)
        await eventually(lambda: len(writing.copies) > said_by_then + 60)
        assert await positions(engine, "totals.1") == {}
        assert await sums_of(engine, 1) == {}


async def test_a_held_generation_waits_where_it_is_and_goes_on_when_let_go(engine: AsyncEngine) -> None:
    log = MemoryLog()
    (first, *_) = await put(log, *(said(uuid7(), 1) for _ in range(200)))
    async with alone(engine, log, Totals(), 1):
        await eventually(lambda: heard_all(engine, log, 1))
        await hold(engine, "totals.1", "rebuild")
        before = await positions(engine, "totals.1")
        await put(log, *(said(uuid7(), 1) for _ in range(200)))
        await eventually(lambda: _held(engine, 6))
        assert await positions(engine, "totals.1") == before
        async with engine.begin() as tx:
            stop = sa.text("UPDATE claims SET stopped = 'truncated' WHERE topic = :topic AND part = :part")
            await tx.execute(stop, {"topic": first.tp.topic, "part": first.tp.partition})
        await let_go(engine, "totals.1")
        await eventually(lambda: _held(engine, 1))
        await eventually(lambda: _moved(engine, before))
    assert (await positions(engine, "totals.1"))[first.tp] == before[first.tp]


async def _held(engine: AsyncEngine, count: int) -> bool:
    async with engine.connect() as tx:
        found = await tx.scalar(sa.text("SELECT count(*) FROM claims WHERE stopped IS NOT NULL"))
        return bool(found == count)


async def _moved(engine: AsyncEngine, before: dict[TP, int]) -> bool:
    now = await positions(engine, "totals.1")
    return sum(now[tp] != place for tp, place in before.items()) == 5


async def test_who_was_moved_on_by_others_goes_on_from_there_and_not_from_where_it_had_read(
    engine: AsyncEngine,
) -> None:
    log, key = MemoryLog(), uuid7()
    (first,) = await put(log, said(key, 1))
    async with alone(engine, log, Totals(), 1) as leader:
        await eventually(lambda: heard_all(engine, log, 1))
        async with engine.begin() as tx:
            moved = sa.text(
                "UPDATE claims SET next = next + 2, epoch = epoch + 1 WHERE topic = :topic AND part = :part"
            )
            await tx.execute(moved, {"topic": first.tp.topic, "part": first.tp.partition})
        await eventually(lambda: first.tp in leader.mine and leader.mine[first.tp].next == 3)
        await put(log, *(said(key, n) for n in range(2, 6)))
        await eventually(lambda: heard_all(engine, log, 1))
    assert await sums_of(engine, 1) == {key: (1 + 4 + 5, 3)}


class dawdling:  # noqa: N801 - reads as a clause
    """A subscription comes `here` with its next batch and goes `on` to its position when told."""

    def __init__(self, subscription: Subscription) -> None:
        self.here, self.on, self._advance = asyncio.Event(), asyncio.Event(), subscription._claims.advance
        subscription._claims.advance = self._dawdle  # type: ignore[method-assign,assignment]

    async def _dawdle(self, *args: Any) -> None:
        self.here.set()
        await self.on.wait()
        await self._advance(*args)


async def test_hold_fences_the_batch_that_has_not_come_to_its_position(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    await put(log, said(key, 1))
    async with alone(engine, log, Totals(), 1) as leader:
        batch = dawdling(leader)
        await batch.here.wait()
        await hold(engine, "totals.1", "rebuild")
        batch.on.set()
        await eventually(lambda: not leader.mine)
        assert await sums_of(engine, 1) == {}
        await let_go(engine, "totals.1")
        await eventually(lambda: sums_of(engine, 1))
    assert await sums_of(engine, 1) == {key: (1, 1)}


async def test_hold_waits_for_the_batch_that_has(engine: AsyncEngine) -> None:
    here, on = asyncio.Event(), asyncio.Event()

    async def dawdle(_: int) -> None:
        here.set()
        await on.wait()

    log, key = MemoryLog(), uuid7()
    await put(log, said(key, 1))
    async with alone(engine, log, Totals(after=dawdle), 1):
        await here.wait()
        holding = asyncio.create_task(hold(engine, "totals.1", "rebuild"))
        await eventually(lambda: _waits(engine))
        meanwhile = await is_level(engine, 1, 1)
        on.set()
        await holding
        assert not meanwhile, "a batch was under way"
        assert await sums_of(engine, 1) == {key: (1, 1)}


async def test_a_batch_that_comes_in_the_middle_of_a_switch_waits_and_learns_of_it(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    await put(log, said(key, 1))
    async with Brisk("switching", engine, log, [Totals(), listener()]) as bus:
        await build(engine, 2)
        await eventually(lambda: heard_all(engine, log, 2))
        (leader,) = (each for each in bus.subscriptions if each.name == "totals.1")
        batch = dawdling(leader)
        await put(log, said(key, 2))
        await batch.here.wait()
        async with engine.begin() as tx:
            await eventually(lambda: level(tx, "totals.1", "totals.2"))
            batch.on.set()
            await eventually(lambda: _waits(engine))
            await tx.execute(sa.text("UPDATE live SET number = 2"))
        await eventually(lambda: heard_all(engine, log, 1))
        assert await all_quiet([bus], within=120)
    assert await tellers(engine, key) == [1, 2]


async def _waits(engine: AsyncEngine) -> bool:
    """Whether a statement of this database waits for a lock."""
    async with engine.connect() as tx:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(await tx.scalar(sa.text(asked)))


async def test_two_are_not_level_while_only_one_has_parked_something(engine: AsyncEngine) -> None:
    """Parked by the live one, it was not told; parked by the new one, it would be told again."""
    fails: set[int] = {1}

    async def stumble(generation: int) -> None:
        if generation in fails:
            raise ValueError

    log, key = MemoryLog(), uuid7()
    broken = item(enveloped(said(key, 2)), value=b"no event")
    await put(log, said(key, 1), broken)
    async with Brisk("parks", engine, log, [Totals(before=stumble), listener()]) as bus:
        await build(engine, 2)
        await eventually(lambda: _parked(engine, 3))
        await eventually(lambda: heard_all(engine, log, 2))
        assert not await is_level(engine)
        fails.clear()
        assert await bus.replay() == {"listener": (0, 0), "totals.1": (1, 1), "totals.2": (0, 1)}
        await eventually(lambda: switched(engine, 1, 2))
        assert await all_quiet([bus], within=120)
    assert await tellers(engine, key) == [1]


async def _parked(engine: AsyncEngine, count: int) -> bool:
    return len(await listed(engine)) == count


async def test_two_are_not_level_while_a_replay_is_under_way(engine: AsyncEngine) -> None:
    here, on, fails = asyncio.Event(), asyncio.Event(), True

    async def stumble(generation: int) -> None:
        if fails:
            raise ValueError
        if generation == 1:
            here.set()
            await on.wait()

    log, key = MemoryLog(), uuid7()
    await put(log, said(key, 1))
    async with Brisk("replays", engine, log, [Totals(before=stumble), listener()]) as bus:
        await build(engine, 2)
        await eventually(lambda: _parked(engine, 2))
        fails = False
        replaying = asyncio.create_task(bus.replay())
        await here.wait()
        meanwhile = await switched(engine, 1, 2)
        on.set()
        await replaying
        assert not meanwhile
        await eventually(lambda: switched(engine, 1, 2))
        assert await all_quiet([bus], within=120)
    assert await tellers(engine, key) == [1]


async def test_a_question_that_fails_changes_nothing_and_is_asked_again(engine: AsyncEngine) -> None:
    class Unsure(Totals):
        asked, sure = 0, True

        async def generations(self, engine: AsyncEngine) -> Any:
            self.asked += 1
            if not self.sure:
                raise ConnectionError
            return await super().generations(engine)

    log, key, figures = MemoryLog(), uuid7(), Unsure()
    async with Brisk("unsure", engine, log, [figures]) as bus:
        await eventually(lambda: [each.name for each in bus.subscriptions] == ["totals.1"])
        figures.sure, asked = False, figures.asked
        await build(engine, 2)
        await eventually(lambda: figures.asked > asked + 2)
        await put(log, said(key, 1))
        await eventually(lambda: sums_of(engine, 1))
        assert [each.name for each in bus.subscriptions] == ["totals.1"]
        figures.sure = True
        await eventually(lambda: sums_of(engine, 2))


async def test_a_bus_that_is_not_running_resumes_and_replays_generations_too(engine: AsyncEngine) -> None:
    log = MemoryLog()
    async with alone(engine, log, Totals(), 1):
        await eventually(lambda: positions(engine, "totals.1"))
    await hold(engine, "totals.1", "and then the command was killed")
    bus = Bus("command", engine, log, [Totals(), listener()])
    assert await bus.resume() == {"listener": 0, "totals.1": 6}
    assert await bus.replay() == {"listener": (0, 0), "totals.1": (0, 0)}
    await put(log, said(uuid7(), 1))
    assert not await Bus("not yet begun", engine, log, [Totals()]).quiet()


async def test_a_projection_may_say_how_much_one_transaction_takes() -> None:
    class Unsaid:
        name, events = "unsaid", Totals().generation(1).events

        def fold(self, batch: Any) -> None: ...

        async def apply(self, tx: Any, folded: None) -> None: ...

    assert (Projector(Totals(most=7).generation(1)).most, Projector(Unsaid()).most) == (7, 5000)


async def test_progress_is_in_records_of_what_the_log_still_has(engine: AsyncEngine) -> None:
    log = MemoryLog()
    items = await put(log, *(said(uuid7(), 1) for _ in range(30)))
    assert await progress(engine, log, "totals.1") == Progress(0, 0)
    async with alone(engine, log, Totals(), 1):
        await eventually(lambda: heard_all(engine, log, 1))
    log.first[items[0].tp] = 1
    await put(log, said(uuid7(), 1))
    assert await progress(engine, log, "totals.1") == Progress(29, 30)
