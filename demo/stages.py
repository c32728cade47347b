"""Plays the month stage by stage: several things at once where people do not wait for one another."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from demo.notes import Notes
from demo.progress import Progress
from libs.bus import Bus, all_quiet
from libs.bus.relay import SHARDS
from libs.kit.service import Running

AT_ONCE, NOTED_AT_ONCE = 8, 240
HEARD_WITHIN, SELDOM = 300.0, 0.25  # seconds
HOLD = text("SELECT pg_advisory_lock(hashtext('dovira.relay'), shard) FROM generate_series(0, :shards - 1) AS shard")
LET_GO = text(
    "SELECT pg_advisory_unlock(hashtext('dovira.relay'), shard) FROM generate_series(0, :shards - 1) AS shard"
)


class Numbered(Protocol):
    """Something of the month that is noted by its number."""

    @property
    def number(self) -> int:
        """Under which it is noted."""


T = TypeVar("T")
N = TypeVar("N", bound=Numbered)
Act = Callable[[N], Awaitable[None]]
Lane = Callable[[N], object]
Stage = tuple[str, Act[N], Lane[N]]


async def play(
    stages: Sequence[Stage[N]], month: Sequence[N], notes: Notes, services: Sequence[Running], progress: Progress
) -> None:
    """Everything that the people of the month do, kind by kind; a lane is what waits for itself alone."""
    for name, act, lane in stages:
        todo = [each for each in month if (name, each.number) not in notes.done]
        async with unsent(services):
            with progress.of(name, len(todo)) as advance:
                for chunk in chunks(todo, NOTED_AT_ONCE):
                    await in_lanes(chunk, act, lane)
                    notes.did(name, [each.number for each in chunk])
                    for _ in chunk:
                        advance()
        if services:
            await heard(services, progress)


@asynccontextmanager
async def unsent(services: Sequence[Running]) -> AsyncIterator[None]:
    """Nothing leaves the outboxes inside, as if another instance's relays had every shard.

    Thousands of events that are sent and heard together cost less, and are in nobody's way before.
    """
    async with AsyncExitStack() as held:
        for service in services:
            alone = service.database.engine.execution_options(isolation_level="AUTOCOMMIT")
            connection = await held.enter_async_context(alone.connect())
            held.push_async_callback(_let_go, connection)
            await connection.execute(HOLD, {"shards": SHARDS})
        yield


async def _let_go(connection: AsyncConnection) -> None:
    await connection.execute(LET_GO, {"shards": SHARDS})


async def in_lanes(todo: Sequence[T], act: Callable[[T], Awaitable[None]], lane: Callable[[T], object]) -> None:
    """Several at once, but those of one lane one after the other."""
    lanes, room = defaultdict[object, list[T]](list), asyncio.Semaphore(AT_ONCE)
    for each in todo:
        lanes[lane(each)].append(each)

    async def run(those: Sequence[T]) -> None:
        async with room:
            for each in those:
                await act(each)

    await asyncio.gather(*(run(those) for those in lanes.values()))


def number_of(each: Numbered) -> int:
    """The lane of what waits for nothing else."""
    return each.number


async def heard(services: Sequence[Running], progress: Progress) -> None:
    """What was said must have been heard before the next stage can build on it."""
    buses: list[Bus] = [service.bus for service in services if service.bus]
    with progress.of("on the bus", None):
        async with asyncio.timeout(HEARD_WITHIN):
            # Whoever asks all the time keeps those who hear from hearing.
            while not all([await bus.quiet() for bus in buses]):  # noqa: ASYNC110 - only the databases know
                await asyncio.sleep(SELDOM)
        if not await all_quiet(buses, within=HEARD_WITHIN):
            raise TimeoutError("the bus did not come to rest")


def chunks(todo: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """So many at a time."""
    for at in range(0, len(todo), size):
        yield todo[at : at + size]
