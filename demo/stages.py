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

AT_ONCE = 8
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
    steps: Sequence[Sequence[Stage[N]]],
    month: Sequence[N],
    notes: Notes,
    services: Sequence[Running],
    progress: Progress,
) -> None:
    """What the people of the month do, step by step, the kinds of one step at once; it is heard when all is said."""
    async with unsent(services):
        for step in steps:
            todo = [(stage, _left(stage, month, notes)) for stage in step]
            with progress.of(", ".join(name for name, _, _ in step), sum(len(left) for _, left in todo)) as advance:
                async with asyncio.TaskGroup() as kinds:
                    for stage, left in todo:
                        kinds.create_task(_play(stage, left, notes, advance))
    if services:
        await heard(services, progress)


def _left(stage: Stage[N], month: Sequence[N], notes: Notes) -> list[N]:
    return [each for each in month if (stage[0], each.number) not in notes.done]


async def _play(stage: Stage[N], left: Sequence[N], notes: Notes, advance: Callable[[], None]) -> None:
    name, act, lane = stage

    async def noted(each: N) -> None:
        await act(each)
        notes.did(name, each.number)
        advance()

    await in_lanes(left, noted, lane)


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

    async with asyncio.TaskGroup() as all_lanes:
        for those in lanes.values():
            all_lanes.create_task(run(those))


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
