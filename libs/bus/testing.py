"""What tests of services need of the bus, without running one."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import clock
from libs.bus.consumers import Consumers, Projection, subscriber
from libs.bus.ids import uuid7
from libs.events import Envelope, Event, decode, wrap


def enveloped(data: Event) -> Envelope:
    """An event as if a service had published it just now."""
    return wrap(data, id=uuid7(), source="/test", recorded=clock.now(), correlation=uuid7())


async def deliver(
    what: Envelope | Event, to: Consumers | Projection, sessions: async_sessionmaker[AsyncSession]
) -> Envelope:
    """Let one event take effect as the bus would; give back its envelope, so that it can be delivered again."""
    envelope = enveloped(what) if isinstance(what, Event) else what
    async with sessions.begin() as tx:
        await subscriber(to).take(tx, [envelope])
    return envelope


async def outbox(engine: AsyncEngine) -> list[Envelope]:
    """What waits to be relayed, oldest first."""
    async with engine.connect() as connection:
        rows = await connection.execute(sa.text("SELECT value FROM outbox ORDER BY id"))
        return [envelope for value in rows.scalars() if (envelope := decode(value))]
