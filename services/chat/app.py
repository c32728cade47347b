"""Chat, put together."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from libs.kit.errors import StartRefused
from libs.kit.kept import kept
from libs.kit.keyring import KeyRing
from libs.kit.sealing import Sealer
from libs.kit.service import Running, Service
from services.chat.api import Hub, Pace, Resources, router
from services.chat.consumers import consumers
from services.chat.jobs import jobs
from services.chat.queries import Vault
from services.chat.settings import Settings
from services.chat.tables import Base


@asynccontextmanager
async def resources(running: Running) -> AsyncIterator[Resources]:
    """The keys of conversations, and the live connections for as long as the service is open."""
    settings = running.settings
    if not isinstance(settings, Settings) or running.keys_url is None:
        raise TypeError("chat runs on its own settings, and keeps keys")
    sealer = Sealer(_key_secrets(running, settings))
    async with AsyncExitStack() as opened:
        keys = await opened.enter_async_context(KeyRing.open(running.keys_url, sealer))
        vault = Vault(keys, sealer)
        hub = Hub(running.database, vault)
        following = asyncio.create_task(hub.follow(running.closing), name="chat live")
        try:
            yield Resources(vault=vault, hub=hub, pace=Pace(settings.messages_at_once))
        finally:
            running.closing.set()
            await following


def _key_secrets(running: Running, settings: Settings) -> list[str]:
    if settings.key_secrets is not None:
        return [secret.strip() for secret in settings.key_secrets.get_secret_value().split(",")]
    if running.platform.production:
        raise StartRefused(
            "In production, CHAT_KEY_SECRETS must be set: 32 characters or more, the same for all replicas."
        )
    return [kept(running.platform.run_dir / "chat-keys", lambda: secrets.token_hex(32))]


service = Service(
    name="chat",
    title="Dovira chat",
    router=router,
    metadata=Base.metadata,
    settings=Settings,
    describe="Conversations between a client and their counterpart. Nobody else reads them.",
    tags={
        "conversations": "Who talks with whom, who can read it, and who has.",
        "messages": "What the two sides say to one another, over HTTP and live.",
        "consultations": "The free consultation that begins a talk, and its time.",
        "templates": "Texts that need not be thought of anew, in four languages, and a house's own.",
        "policies": "The house rules: every number, the rule it comes from, and who changed it.",
    },
    subscribers=[consumers],
    jobs=jobs,
    lifespan=resources,
)
