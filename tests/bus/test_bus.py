"""One service's part of the bus as a whole: it speaks, hears, measures itself and knows when it is at rest."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import Bus, Consumers, all_quiet, publish
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from libs.bus.local import LocalLog
from libs.bus.log import EventLog
from libs.bus.memory import MemoryLog
from libs.events.intake import SessionHeld
from tests.bus.conftest import new_database
from tests.bus.saying import Sums, eventually, note, noted, put, said
from tests.bus.totals import Lasting

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture(params=["memory", "local", "kafka"])
async def whole(request: pytest.FixtureRequest):
    """Each log with the real topics."""
    made: EventLog
    if request.param == "memory":
        made = MemoryLog()
    elif request.param == "local":
        made = LocalLog(await new_database(request.getfixturevalue("postgres")))
    else:
        made = KafkaLog(request.getfixturevalue("kafka"))
    await made.prepare()
    yield made
    await made.close()


def reactor(name: str) -> Consumers:
    consumers = Consumers(name)

    @consumers.on(SessionHeld)
    async def write_down(event: SessionHeld, tx: AsyncSession) -> None:
        await note(tx, event)

    return consumers


async def test_what_one_says_all_hear_in_order_on_every_log(
    engine: AsyncEngine, sessions: Sessions, whole: EventLog
) -> None:
    keys = [uuid7() for _ in range(10)]
    async with Bus("whole", engine, whole, [reactor(f"whole {uuid7()}")]) as bus:
        for n in range(1, 11):
            async with sessions.begin() as tx:
                await publish(tx, *(said(key, n) for key in keys))
        assert await all_quiet([bus], within=120), await bus.status()
    found = await noted(engine)
    assert {key: found[key] for key in keys} == {key: list(range(1, 11)) for key in keys}


async def test_a_bus_that_has_not_yet_begun_is_not_at_rest(engine: AsyncEngine) -> None:
    """Planted once by chance: no positions yet looked like nothing behind."""
    log = MemoryLog()
    await put(log, said(uuid7(), 1))
    bus = Bus("late", engine, log, [Sums()])
    assert not await bus.quiet()
    async with bus:
        assert await all_quiet([bus], within=120)


async def test_the_log_away_changes_nothing_for_those_who_write(engine: AsyncEngine, sessions: Sessions) -> None:
    class Away(MemoryLog):
        away = True

        async def writer(self) -> MemoryLog:
            if self.away:
                raise ConnectionError
            return self

    log, key = Away(), uuid7()
    async with Bus("away", engine, log, [reactor("away")]) as bus:
        for n in range(1, 4):
            async with sessions.begin() as tx:
                await publish(tx, said(key, n))
        await asyncio.sleep(0.2)
        status = await bus.status()
        assert status["outbox_events"] == 3
        assert status["outbox_age_seconds"] > 0
        log.away = False
        await eventually(bus.quiet)
    assert await noted(engine) == {key: [1, 2, 3]}


async def test_stopping_lets_go_of_every_partition_at_once(engine: AsyncEngine) -> None:
    log = MemoryLog()
    async with Lasting("first", engine, log, [Sums()]) as first:
        await eventually(lambda: len(first.subscriptions[0].mine) == 6)
    async with Lasting("second", engine, log, [Sums()]) as second:
        await eventually(lambda: len(second.subscriptions[0].mine) == 6)


async def test_a_bus_ends_its_relay_even_in_the_moment_in_which_the_relay_times_out(engine: AsyncEngine) -> None:
    """A timeout cancels its own task for a moment; an end that came just then was taken for one already given."""
    bus, loop = Bus("ending", engine, MemoryLog(), []), asyncio.get_running_loop()
    moment = loop.time() + 0.1

    async def waits() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(moment):
                await asyncio.Event().wait()
        await asyncio.Event().wait()

    relay = asyncio.create_task(waits())
    await asyncio.sleep(0)
    loop.call_at(moment + 1e-9, bus._end, relay)
    assert (await asyncio.wait({relay}, timeout=60))[0] == {relay}
