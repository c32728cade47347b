"""One service's part of the bus, running: its relay, its subscriptions, and the chores that go with them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, TypedDict
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from libs.bus import claims, inbox, parking
from libs.bus.consumers import Consumers, Projection, subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.log import EventLog
from libs.bus.relay import Relay
from libs.bus.retry import heed_cancellation

_log = structlog.get_logger()
_REMEMBER = timedelta(days=30)  # re-sends come minutes apart


class Heard(TypedDict):
    """How one subscriber stands."""

    partitions: int
    behind: int
    parked: int


class Status(TypedDict):
    """How a service's part of the bus stands."""

    outbox_events: int
    outbox_age_seconds: float
    subscribers: dict[str, Heard]


class Bus:
    """Runs from `async with` to its end; stopping lets go of every partition at once."""

    def __init__(
        self,
        name: str,
        engine: AsyncEngine,
        log: EventLog,
        subscribers: Sequence[Consumers | Projection],
        instance: UUID | None = None,
    ) -> None:
        self.name, self._engine, self._log = name, engine, log
        self.relay = Relay(name, engine, log)
        owner = instance or uuid7()
        self.subscriptions = [Subscription(engine, log, subscriber(heard), owner) for heard in subscribers]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start everything; nothing here waits for the log to be within reach."""
        runs = [self.relay.run(), *(subscription.run() for subscription in self.subscriptions)]
        chores = [self._every(5, self._measure), self._every(2, self._mirror), self._every(3600, self._prune)]
        self._tasks = [asyncio.create_task(run) for run in [*runs, *chores]]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything and wait until it has let go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def status(self) -> Status:
        """Where things stand; asks the database, so it fails when that is away."""
        events, age = await self.relay.state()
        heard: dict[str, Heard] = {
            each.name: {
                "partitions": len(each.mine),
                "behind": await self._behind(each),
                "parked": await parking.count(self._engine, each.name),
            }
            for each in self.subscriptions
        }
        return {"outbox_events": events, "outbox_age_seconds": age, "subscribers": heard}

    async def quiet(self) -> bool:
        """Whether nothing waits to be sent or heard, as far as this service can tell."""
        status = await self.status()
        return not status["outbox_events"] and not any(each["behind"] for each in status["subscribers"].values())

    async def replay(self) -> dict[str, tuple[int, int]]:
        """Try everything parked once more; per subscriber, how many took effect and how many still wait."""
        sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        return {each.name: await parking.replay(sessions, each.subscriber) for each in self.subscriptions}

    async def resume(self) -> dict[str, int]:
        """Let stopped partitions go on; per subscriber, how many there were."""
        return {each.name: await claims.resume(self._engine, each.name) for each in self.subscriptions}

    async def _behind(self, subscription: Subscription) -> int:
        """How many records the log has beyond a subscriber's positions; what it has yet to begin with counts whole."""
        reached = await claims.positions(self._engine, subscription.name)
        bounds = await self._log.bounds(subscription.partitions)
        return sum(max(0, bound.end - reached.get(tp, bound.first)) for tp, bound in bounds.items())

    async def _measure(self) -> None:
        await self.relay.state()

    async def _mirror(self) -> None:
        for each in self.subscriptions:
            if each.mine:
                await self._log.mirror(each.name, {tp: claim.next for tp, claim in each.mine.items()})

    async def _prune(self) -> None:
        async with async_sessionmaker(self._engine).begin() as tx:
            await inbox.prune(tx, _REMEMBER)

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        """Do a chore again and again; one that fails has the next time."""
        while True:
            await asyncio.sleep(seconds)
            with suppress(Exception, asyncio.CancelledError):
                await chore()
            heed_cancellation()


async def all_quiet(buses: Sequence[Bus], *, within: float) -> bool:
    """Wait until what was said has been heard everywhere; whether that came about within `within` seconds."""
    try:
        async with asyncio.timeout(within):
            calm = 0
            while calm < 2:  # what one hears makes it speak, so calm counts only when it lasts  # noqa: PLR2004
                calm = calm + 1 if all([await bus.quiet() for bus in buses]) else 0
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True
