"""Intake, put together; opens nothing."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.kit.errors import StartRefused
from libs.kit.kept import kept
from libs.kit.sealing import Sealer
from libs.kit.service import Running, Service
from services.intake.api import Hub, Resources, router
from services.intake.consumers import consumers
from services.intake.jobs import jobs
from services.intake.settings import Settings
from services.intake.tables import Base


@asynccontextmanager
async def resources(running: Running) -> AsyncIterator[Resources]:
    """The feed's hub, following what happens for as long as the service is open, and the keys of contacts."""
    if not isinstance(running.settings, Settings):
        raise TypeError("intake runs on its own settings")
    sealer = Sealer(_contact_secrets(running, running.settings))
    hub = Hub(running.database, running.settings)
    await hub.load()
    following = asyncio.create_task(hub.follow(running.closing), name="intake feed")
    try:
        yield Resources(hub, sealer)
    finally:
        running.closing.set()
        await following


def _contact_secrets(running: Running, settings: Settings) -> list[str]:
    if settings.contact_secrets is not None:
        return [secret.strip() for secret in settings.contact_secrets.get_secret_value().split(",")]
    if running.platform.production:
        raise StartRefused(
            "In production, INTAKE_CONTACT_SECRETS must be set: 32 characters or more, the same for all replicas."
        )
    return [kept(running.platform.run_dir / "contacts", lambda: secrets.token_hex(32))]


service = Service(
    name="intake",
    title="Dovira intake",
    describe="A client asks for help; the first specialist to press Accept wins the request.",
    tags={
        "requests": "A client's call for help, and how to reach who made it.",
        "race": "The feed of open requests, and the race for each.",
        "outcomes": "How a request ends when it ends without a session: nobody's fault costs nobody anything.",
        "readiness": "Whether a specialist is ready to win: duty, device, connection, notifications, busy hours.",
        "specialists": "What specialists say of their work, and who sees which part of it.",
        "helplines": "Who answers when it cannot wait. Served to everybody, whatever else is down.",
        "sessions": "Sessions that are agreed and held.",
        "orders": "What specialists offer and clients order: terms, queues, questions, results.",
        "policies": "The house rules: every number, the rule it comes from, and who changed it.",
    },
    router=router,
    metadata=Base.metadata,
    settings=Settings,
    subscribers=(consumers,),
    jobs=jobs,
    lifespan=resources,
)
