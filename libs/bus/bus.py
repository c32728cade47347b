"""One service's part of the bus, running: its relay, its subscriptions, and the chores that go with them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self, TypedDict
from uuid import UUID
from weakref import WeakSet

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from libs.bus import claims, inbox, parking
from libs.bus.consumers import Consumers, Projection, Rebuildable, subscriber
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.log import EventLog
from libs.bus.relay import Relay
from libs.bus.retry import heed_cancellation

_log = structlog.get_logger()
_ASK_EVERY = 1.0  # seconds between questions about generations
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
        subscribers: Sequence[Consumers | Projection | Rebuildable],
        instance: UUID | None = None,
    ) -> None:
        self.name, self._engine, self._log, self._owner = name, engine, log, instance or uuid7()
        self.relay = Relay(name, engine, log)
        self._lasting = [self._hears(heard) for heard in subscribers if not isinstance(heard, Rebuildable)]
        self._rebuildable = [heard for heard in subscribers if isinstance(heard, Rebuildable)]
        self._generations: dict[str, dict[int, Subscription]] = {}
        self._asking = asyncio.Lock()  # or an older answer could replace a newer one
        self._running: dict[Subscription, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ended: WeakSet[asyncio.Task[None]] = WeakSet()

    @property
    def subscriptions(self) -> list[Subscription]:
        """Who hears at present: every generation of a projection that we know of has one of its own."""
        return [*self._lasting, *(each for built in self._generations.values() for each in built.values())]

    async def __aenter__(self) -> Self:
        """Start everything; nothing here waits for the log or the database to be within reach."""
        self._start()
        tending = self._every(_ASK_EVERY, self._tend, at_once=True)
        chores = [self._every(5, self._measure), self._every(2, self._mirror), self._every(3600, self._prune)]
        self._tasks = [asyncio.create_task(run) for run in [self.relay.run(), tending, *chores]]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything and wait until it has let go."""
        tasks = [*self._tasks, *self._running.values()]
        for task in tasks:
            self._end(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    async def status(self) -> Status:
        """Where things stand; asks the database, so it fails when that is away."""
        await self._ask()
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
        """Whether nothing waits to be sent or heard, as far as this service can tell; for a rebuild nobody waits."""
        status = await self.status()
        building = {each.name for each in self.subscriptions if each.follows is not None}
        behind = any(each["behind"] for name, each in status["subscribers"].items() if name not in building)
        return not status["outbox_events"] and not behind

    async def replay(self) -> dict[str, tuple[int, int]]:
        """Try everything parked once more; per subscriber, how many took effect and how many still wait."""
        await self._ask()
        sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        return {each.name: await parking.replay(sessions, each.subscriber) for each in self.subscriptions}

    async def resume(self) -> dict[str, int]:
        """Let stopped partitions go on; per subscriber, how many there were."""
        await self._ask()
        return {each.name: await claims.resume(self._engine, each.name) for each in self.subscriptions}

    async def _behind(self, subscription: Subscription) -> int:
        """How many records the log has beyond a subscriber's positions; what it has yet to begin with counts whole."""
        reached = await claims.positions(self._engine, subscription.name)
        bounds = await self._log.bounds(subscription.partitions)
        return sum(max(0, bound.end - reached.get(tp, bound.first)) for tp, bound in bounds.items())

    def _hears(self, heard: Consumers | Projection) -> Subscription:
        return Subscription(self._engine, self._log, subscriber(heard), self._owner)

    async def _ask(self) -> None:
        """Learn which generations there are; one that stays keeps its subscription, and learns whom it follows."""
        async with self._asking:
            for heard in self._rebuildable:
                found, known = await heard.generations(self._engine), self._generations.get(heard.name, {})
                live = next((f"{heard.name}.{each.number}" for each in found if each.live), None)
                built = {n: known.get(n) or self._hears(heard.generation(n)) for n, _ in found}
                for generation in found:
                    built[generation.number].follows = None if generation.live else live
                self._generations[heard.name] = built

    async def _tend(self) -> None:
        """Let every generation be heard as long as it is there. While nobody can say, everything stays as it is."""
        try:
            await self._ask()
        except Exception as error:  # noqa: BLE001 - asked again in a moment
            _log.warning("generations.unknown", service=self.name, error=type(error).__name__)
        gone = [task for each, task in self._running.items() if each not in self.subscriptions]
        for task in gone:
            self._end(task)
        if gone:
            await asyncio.wait(gone)
        self._running = {each: task for each, task in self._running.items() if task not in gone}
        self._start()

    def _end(self, task: asyncio.Task[None]) -> None:
        """Cancel, but not twice: the second time would cut short how it lets go.

        Whether somebody else cancels it just now is no reason not to: a timeout inside it does so all the time.
        """
        if task not in self._ended:
            self._ended.add(task)
            task.cancel()

    def _start(self) -> None:
        for each in self.subscriptions:
            if each not in self._running:
                self._running[each] = asyncio.create_task(each.run())

    async def _measure(self) -> None:
        await self.relay.state()

    async def _mirror(self) -> None:
        for each in self.subscriptions:
            if each.mine:
                await self._log.mirror(each.name, {tp: claim.next for tp, claim in each.mine.items()})

    async def _prune(self) -> None:
        async with async_sessionmaker(self._engine).begin() as tx:
            await inbox.prune(tx, _REMEMBER)

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]], *, at_once: bool = False) -> None:
        """Do a chore again and again; one that fails has the next time."""
        pause = 0 if at_once else seconds
        while True:
            await asyncio.sleep(pause)
            pause = seconds
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
