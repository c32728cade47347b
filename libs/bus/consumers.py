"""How a service hears: reactors take one event at a time, projections fold a whole batch."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

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
    """A fold over the set of events: commutative and idempotent, so it needs neither order nor an inbox (G6)."""

    name: str
    events: frozenset[type[Event]]

    def fold(self, batch: Iterable[Envelope]) -> Any:
        """Join a batch into one value per entity; pure."""

    async def apply(self, tx: AsyncSession, folded: Any) -> None:
        """Merge into the tables, set-based and sorted by key."""


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
    """Lets a projection take part as a subscriber."""

    keeps_order = False
    most = 5000

    def __init__(self, projection: Projection) -> None:
        self.name, self.events, self._projection = projection.name, projection.events, projection

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
