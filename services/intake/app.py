"""Intake, put together; opens nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.kit.service import Running, Service
from services.intake.api import Hub, router
from services.intake.consumers import consumers
from services.intake.jobs import jobs
from services.intake.settings import Settings
from services.intake.tables import Base


@asynccontextmanager
async def feed(running: Running) -> AsyncIterator[Hub]:
    """The feed's hub, following what happens for as long as the service is open."""
    if not isinstance(running.settings, Settings):
        raise TypeError("intake runs on its own settings")
    hub = Hub(running.database, running.settings)
    await hub.load()
    following = asyncio.create_task(hub.follow(running.closing), name="intake feed")
    try:
        yield hub
    finally:
        running.closing.set()
        await following


service = Service(
    name="intake",
    title="Dovira intake",
    describe="A client asks for help; the first specialist to press Accept wins the request.",
    tags={
        "requests": "A client's call for help, and how to reach who made it.",
        "race": "The feed of open requests, and the race for each.",
        "sessions": "Sessions that are agreed and held.",
    },
    router=router,
    metadata=Base.metadata,
    settings=Settings,
    subscribers=(consumers,),
    jobs=jobs,
    lifespan=feed,
)
