"""Hears for the figures, to be killed and to be stopped: `python -m tests.faults.figures_worker DATABASE BOOTSTRAP`.

Its leases are short and its batches small, so that much can go wrong in little time.
"""

import asyncio
import sys
from datetime import timedelta

from sqlalchemy.ext.asyncio import create_async_engine

from libs.bus.consumers import Projector
from libs.bus.delivery import Subscription
from libs.bus.ids import uuid7
from libs.bus.kafka import KafkaLog
from services.stats.consumers import FiguresProjection

LEASE = timedelta(seconds=0.5)


class Little(FiguresProjection):
    """The figures, a few events at a time."""

    most = 40


async def main(database: str, bootstrap: str) -> None:
    """Hear until killed."""
    engine = create_async_engine(database, pool_size=5)
    subscription = Subscription(engine, KafkaLog(bootstrap), Projector(Little(1)), uuid7(), lease=LEASE)
    await subscription.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
