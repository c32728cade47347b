"""G2 and G3: nothing lost, and first occurrences in commit order, whatever fails and whoever crashes."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.bus.log import Item
from libs.bus.memory import MemoryLog
from libs.bus.relay import _SELDOM, SHARDS, Relay
from libs.events import decode
from libs.events.intake import SessionHeld
from tests.bus.saying import firsts, said

Sessions = async_sessionmaker[AsyncSession]


class FaultyLog(MemoryLog):
    """Refuses, takes half and fails, or takes all and fails: the caller cannot tell which."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.chance, self.faults = random.Random(seed), 0

    async def append(self, items: Sequence[Item], *, within: float) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.004))
        kind = self.chance.choice(["none", "none", "none", "before", "half", "after"])
        by_partition = defaultdict(list)
        for item in items:
            by_partition[item.tp].append(item)
        tps = list(by_partition)
        taken = {"none": tps, "after": tps, "before": [], "half": tps[: len(tps) // 2]}[kind]
        await super().append([item for tp in taken for item in by_partition[tp]], within=within)
        if kind != "none":
            self.faults += 1
            raise ConnectionError

    def numbers(self) -> dict[UUID, list[int]]:
        """What the log has of each key, in order."""
        found: dict[UUID, list[int]] = defaultdict(list)
        for records in self.records.values():
            for record in records:
                envelope = decode(record.value)
                assert envelope is not None
                assert isinstance(envelope.data, SessionHeld)
                found[envelope.subject].append(envelope.data.number)
        return found


async def drained(engine: AsyncEngine) -> None:
    async with asyncio.timeout(120):
        while True:
            async with engine.connect() as connection:
                if not await connection.scalar(sa.text("SELECT count(*) FROM outbox")):
                    return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_is_lost_and_order_holds_when_the_log_fails_and_relays_crash(
    engine: AsyncEngine, sessions: Sessions, seed: int
) -> None:
    chance, log = random.Random(seed), FaultyLog(seed)
    keys = [uuid7() for _ in range(8)]
    counters = {key: asyncio.Lock() for key in keys}
    given = dict.fromkeys(keys, 0)

    async def write() -> None:
        for _ in range(40):
            key = chance.choice(keys)
            async with counters[key], sessions.begin() as tx:  # the lock stands for the aggregate's row
                given[key] += 1
                await publish(tx, said(key, given[key]))
                await asyncio.sleep(chance.uniform(0, 0.002))

    async def crash_now_and_then() -> None:
        for life in count(1):  # each may live a little longer than the last, or a busy machine would never finish
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0.01, 0.04 + 0.01 * life)):
                    await Relay("t", engine, log, most=5, poll=0.01).run()

    relays = [asyncio.create_task(crash_now_and_then()) for _ in range(3)]
    try:
        await asyncio.gather(*(write() for _ in range(4)))
        await drained(engine)
    finally:
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    found = log.numbers()
    assert log.faults > 3
    assert {key: firsts(found[key]) for key in keys} == {key: list(range(1, given[key] + 1)) for key in keys}
    assert sum(map(len, found.values())) > sum(given.values()), "no re-send was seen, so nothing was proved"


async def test_a_row_that_commits_late_is_not_passed_over(engine: AsyncEngine, sessions: Sessions) -> None:
    """The bug of every relay with a cursor: ids are given before commits, so a smaller id may become visible later."""
    log = MemoryLog()
    relay = Relay("t", engine, log)
    late, early = uuid7(), uuid7()
    async with sessions.begin() as slow:
        await publish(slow, said(late, 1))
        async with sessions.begin() as quick:
            await publish(quick, said(early, 1))
        assert await relay.round() == 1
    assert await relay.round() == 1
    assert {UUID(r.key.decode()) for records in log.records.values() for r in records} == {late, early}


async def test_a_crash_between_acknowledgement_and_delete_sends_twice_not_never(
    engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, key = MemoryLog(), uuid7()
    async with sessions.begin() as tx:
        await publish(tx, said(key, 1))
    with monkeypatch.context() as patch:
        patch.setattr("libs.bus.relay._DROP", sa.text("SELECT 1 / 0, CAST(:ids AS bigint[])"))
        with pytest.raises(sa.exc.DBAPIError):
            await Relay("t", engine, log).round()
    assert await Relay("t", engine, log).round() == 1
    assert sum(len(records) for records in log.records.values()) == 2


async def test_two_relays_at_once_do_not_send_the_same_shard(engine: AsyncEngine, sessions: Sessions) -> None:
    class SlowLog(MemoryLog):
        async def append(self, items: Sequence[Item], *, within: float) -> None:
            await asyncio.sleep(0.05)
            await super().append(items, within=within)

    log = SlowLog()
    async with sessions.begin() as tx:
        await publish(tx, *(said(uuid7(), 1) for _ in range(50)))
    sent = await asyncio.gather(*(Relay("t", engine, log).round() for _ in range(3)))
    assert sum(sent) == 50
    assert sum(map(len, log.records.values())) == 50


async def test_a_relay_whose_shards_are_all_anothers_reads_nothing_and_is_not_woken_by_every_commit(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    """Two instances are ordinary; the one that has to wait must not read the whole outbox after each commit."""
    asked: list[str] = []
    sa.event.listen(engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    async with engine.connect() as another:
        locks = "SELECT pg_advisory_lock(hashtext('dovira.relay'), s) FROM generate_series(0, :most) AS s"
        await another.execute(sa.text(locks), {"most": SHARDS - 1})
        began = time.monotonic()
        relaying = asyncio.create_task(Relay("t", engine, log := MemoryLog()).run())
        for number in range(100):
            async with sessions.begin() as tx:
                await publish(tx, said(uuid7(), number))
            await asyncio.sleep(0.005)
        rounds = sum("pg_try_advisory_xact_lock" in each for each in asked)
        assert not any("FROM outbox WHERE slot" in each for each in asked)
        assert 0 < rounds < 5 + (time.monotonic() - began) / _SELDOM
        await another.execute(sa.text("SELECT pg_advisory_unlock_all()"))
    await drained(engine)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    assert sum(map(len, log.records.values())) == 100


async def test_the_state_tells_how_many_wait_and_how_long(engine: AsyncEngine, sessions: Sessions) -> None:
    relay = Relay("t", engine, MemoryLog())
    assert await relay.state() == (0, 0.0)
    async with sessions.begin() as tx:
        await publish(tx, said(uuid7(), 1), said(uuid7(), 1))
    events, age = await relay.state()
    assert events == 2
    assert age > 0


async def test_a_cancellation_that_a_driver_swallowed_ends_the_relay_all_the_same(engine: AsyncEngine) -> None:
    relay, looking = Relay("test", engine, MemoryLog()), asyncio.Event()

    async def swallowing() -> bool:
        looking.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(600)
        return False

    relay._anything = swallowing  # type: ignore[method-assign]
    task = asyncio.create_task(relay.run())
    await looking.wait()
    task.cancel()
    assert (await asyncio.wait({task}, timeout=30))[0] == {task}
