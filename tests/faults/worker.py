"""A process that relays, reacts and projects, to be killed: `python -m tests.faults.worker DATABASE BOOTSTRAP`."""

import asyncio
import sys

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from libs.bus import Bus, Consumers
from libs.bus.kafka import KafkaLog
from libs.events.intake import SessionHeld
from tests.bus.saying import Sums

ADD = sa.text("INSERT INTO reacted (key, number) VALUES (:key, :number)")


def reactor() -> Consumers:
    """Not idempotent by itself: every double effect would show as a row too many."""
    consumers = Consumers("reactor")

    @consumers.on(SessionHeld)
    async def write_down(event: SessionHeld, tx: AsyncSession) -> None:
        await tx.execute(ADD, {"key": event.request_id, "number": event.number})

    return consumers


async def main(database: str, bootstrap: str) -> None:
    """Work until killed."""
    engine = create_async_engine(database, pool_size=10)
    log = KafkaLog(bootstrap)
    async with Bus("faults", engine, log, [Sums(), reactor()]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
