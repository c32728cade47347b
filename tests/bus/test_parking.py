"""G7: one bad record harms nobody else, a bad deploy loses nothing, and what was put aside can be tried again."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import Consumers
from libs.bus.claims import positions, resume
from libs.bus.consumers import subscriber
from libs.bus.ids import uuid7
from libs.bus.memory import MemoryLog
from libs.bus.parking import listed, replay
from libs.bus.testing import enveloped
from libs.events.intake import SessionHeld
from tests.bus.saying import Sums, eventually, item, note, noted, put, said
from tests.bus.test_delivery import heard_all, running

Sessions = async_sessionmaker[AsyncSession]


class Picky:
    """A reactor that cannot stomach some numbers."""

    def __init__(self, *bad: int) -> None:
        self.bad, self.consumers = set(bad), Consumers("picky")

        @self.consumers.on(SessionHeld)
        async def taste(event: SessionHeld, tx: AsyncSession) -> None:
            await note(tx, event)
            if event.number in self.bad:
                raise ValueError("what a person wrote could be in here")


async def test_bytes_that_are_no_event_are_parked_raw_and_the_partition_goes_on(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    broken = item(enveloped(said(key, 1)), value=b'{"specversion": "1.0", \x00')
    await put(log, broken, said(uuid7(), 1), said(uuid7(), 1))
    async with running(engine, log, Sums()):
        await heard_all(engine, log, "sums")
    assert len(await noted(engine)) == 2
    async with engine.connect() as connection:
        assert (await connection.execute(sa.text("SELECT value, reason FROM parked"))).all() == [
            (broken.value, "Undecodable")
        ]


async def test_a_record_that_cannot_take_effect_is_parked_with_what_follows_of_its_key(engine: AsyncEngine) -> None:
    log, key, other, picky = MemoryLog(), uuid7(), uuid7(), Picky(2)
    await put(log, *(said(k, n) for n in range(1, 5) for k in (key, other) if (k, n) != (other, 2)))
    async with running(engine, log, picky.consumers):
        await heard_all(engine, log, "picky")
    assert await noted(engine) == {key: [1], other: [1, 3, 4]}
    assert [row["reason"] for row in await listed(engine)] == ["ValueError", "Behind", "Behind"]


async def test_a_replay_after_the_cause_is_mended_brings_everything_in_order(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    log, key, picky = MemoryLog(), uuid7(), Picky(2)
    await put(log, *(said(key, n) for n in range(1, 5)))
    async with running(engine, log, picky.consumers):
        await heard_all(engine, log, "picky")
        assert await replay(sessions, subscriber(picky.consumers)) == (0, 3)
        picky.bad.clear()
        assert await replay(sessions, subscriber(picky.consumers)) == (3, 0)
        await put(log, said(key, 5))
        await heard_all(engine, log, "picky")
    assert await noted(engine) == {key: [1, 2, 3, 4, 5]}
    assert await listed(engine) == []


async def test_two_replays_at_once_do_nothing_twice(engine: AsyncEngine, sessions: Sessions) -> None:
    log, keys, picky = MemoryLog(), [uuid7() for _ in range(5)], Picky(1)
    await put(log, *(said(key, 1) for key in keys))
    async with running(engine, log, picky.consumers):
        await heard_all(engine, log, "picky")
    picky.bad.clear()
    await asyncio.gather(*(replay(sessions, subscriber(picky.consumers)) for _ in range(3)))
    assert await noted(engine) == {key: [1] for key in keys}


async def test_a_bad_deploy_stops_the_partition_and_after_the_mending_nothing_was_skipped(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    log, picky = MemoryLog(), Picky(1)
    keys = [uuid7() for _ in range(200)]
    await put(log, *(said(key, 1) for key in keys))
    async with running(engine, log, picky.consumers):
        await eventually(lambda: _stopped(engine, 6))
    parked = len(await listed(engine))
    assert parked <= 6 * 9, "each of six partitions may park nine before the tenth in a row stops it"
    assert await noted(engine) == {}
    picky.bad.clear()
    assert await resume(engine, "picky") == 6
    async with running(engine, log, picky.consumers):
        await heard_all(engine, log, "picky")
    assert await replay(sessions, subscriber(picky.consumers)) == (parked, 0)
    assert await noted(engine) == {key: [1] for key in keys}


async def _stopped(engine: AsyncEngine, count: int) -> bool:
    async with engine.connect() as connection:
        found = await connection.scalar(sa.text("SELECT count(*) FROM claims WHERE stopped IS NOT NULL"))
        return bool(found == count)


async def test_a_log_cut_off_under_a_reader_stops_it_and_is_never_skipped(engine: AsyncEngine) -> None:
    log, key = MemoryLog(), uuid7()
    (first, *_) = await put(log, *(said(key, n) for n in range(1, 4)))
    async with running(engine, log, Sums()):
        await heard_all(engine, log, "sums")
    await put(log, said(key, 4), said(key, 5))
    log.first[first.tp] = 5
    async with running(engine, log, Sums()):
        await eventually(lambda: _stopped(engine, 1))
    assert (await positions(engine, "sums"))[first.tp] == 3
    assert await noted(engine) == {key: [1, 2, 3]}


async def test_what_is_parked_says_which_error_but_not_its_words(engine: AsyncEngine) -> None:
    log = MemoryLog()
    await put(log, said(uuid7(), 1))
    async with running(engine, log, Picky(1).consumers):
        await heard_all(engine, log, "picky")
    (row,) = await listed(engine)
    assert "person" not in str(dict(row))
