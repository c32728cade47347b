"""How a service hears: reactors take one event at a time, projections fold a whole batch."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from libs.bus.context import Cause, cause
from libs.bus.inbox import fresh
from libs.events import Envelope, Event

E = TypeVar("E", bound=Event)
Handler = Callable[[Any, AsyncSession], Awaitable[None]]
_TENANT = sa.text("SELECT set_config('app.tenant', :tenant, true)")


class Subscriber(Protocol):
    """Something that hears events and lets them take effect in the transaction that also moves its position."""

    @property
    def name(self) -> str:
        """Under which its position, its inbox and its parking lot are kept."""

    @property
    def events(self) -> frozenset[type[Event]]:
        """What it hears; everything else is skipped unread."""

    @property
    def keeps_order(self) -> bool:
        """Whether later events of a key must wait behind one that is parked."""

    @property
    def most(self) -> int:
        """How many records one transaction may take when there is much to catch up with."""

    async def take(self, tx: AsyncSession, batch: Sequence[Envelope]) -> None:
        """Let the batch take effect; the caller commits it together with the new position."""


class Projection(Protocol):
    """A fold over the set of events: commutative and idempotent, so it needs neither order nor an inbox (G6).

    It may say how many records one transaction takes at `most`; the greater the batch, the more of it folds into one.
    """

    name: str
    events: frozenset[type[Event]]

    def fold(self, batch: Iterable[Envelope]) -> Any:
        """Join a batch into one value per entity; pure."""

    async def apply(self, tx: AsyncSession, folded: Any) -> None:
        """Merge into the tables, set-based and sorted by key."""


class Generation(NamedTuple):
    """One build of a projection. Only the live one answers and speaks."""

    number: int
    live: bool


@runtime_checkable
class Rebuildable(Protocol):
    """A projection that can be built anew beside the live build, which answers and speaks until the switch (G10).

    A number is never given twice. Whether a generation is live and may publish is asked in `apply`, in its transaction:
    by then its position is locked, and a switch comes either wholly before the batch or wholly after it.
    """

    name: str

    async def generations(self, engine: AsyncEngine) -> Sequence[Generation]:
        """The live one, and the one being built if there is one."""

    def generation(self, number: int) -> Projection:
        """The projection that builds this one, under a name of its own: `f"{name}.{number}"`."""


class Consumers:
    """A service's reactors: one function per event heard, each event once (G5)."""

    keeps_order = True
    most = 200

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: dict[type[Event], Handler] = {}

    @property
    def events(self) -> frozenset[type[Event]]:
        """What these reactors hear."""
        return frozenset(self._handlers)

    def on(self, heard: type[E]) -> Callable[[Callable[[E, AsyncSession], Awaitable[None]]], Handler]:
        """Enter a function as the one that reacts to `heard`."""

        def enter(handler: Callable[[E, AsyncSession], Awaitable[None]]) -> Handler:
            if heard in self._handlers:
                raise ValueError(f"{self.name} already reacts to {heard.__name__}")
            self._handlers[heard] = handler
            return handler

        return enter

    async def take(self, tx: AsyncSession, batch: Sequence[Envelope]) -> None:
        """React to what was not heard before, in order, each in the tenant and the causal context of its event."""
        new = await fresh(tx, self.name, [envelope.id for envelope in batch])
        tenant = None
        for envelope in batch:
            if envelope.id not in new:
                continue
            new.discard(envelope.id)
            if envelope.tenant != tenant:
                tenant = envelope.tenant
                await tx.execute(_TENANT, {"tenant": tenant})
            with because_of(envelope):
                await self._handlers[type(envelope.data)](envelope.data, tx)


class Projector:
    """Lets a projection take part as a subscriber.

    A batch may outlast the lease. The transaction locks its positions before all else, so who would take over waits for
    its end and goes on behind it; a batch that was only read by then is fenced. Work is lost, nothing is done twice.
    """

    keeps_order = False

    def __init__(self, projection: Projection) -> None:
        self.name, self.events, self._projection = projection.name, projection.events, projection
        self.most: int = getattr(projection, "most", 5000)

    async def take(self, tx: AsyncSession, batch: Sequence[Envelope]) -> None:
        """Fold, then apply, over all tenants at once."""
        await tx.execute(_TENANT, {"tenant": "*"})
        await self._projection.apply(tx, self._projection.fold(batch))


def subscriber(heard: "Consumers | Projection") -> Subscriber:
    """Either kind, as the bus sees it."""
    return heard if isinstance(heard, Consumers) else Projector(heard)


@contextmanager
def because_of(envelope: Envelope) -> Iterator[None]:
    """While inside, whatever is published was caused by this event."""
    token = cause.set(Cause(envelope.correlationid, envelope.id, envelope.traceparent))
    try:
        yield
    finally:
        cause.reset(token)
