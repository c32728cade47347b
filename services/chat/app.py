"""Chat, put together."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from libs.kit.couriers import CourierSettings, hired
from libs.kit.errors import StartRefused
from libs.kit.kept import kept
from libs.kit.keyring import KeyRing
from libs.kit.ledger import Signer
from libs.kit.objects import Objects, open_objects
from libs.kit.pace import Pace
from libs.kit.pictures import Pictures
from libs.kit.sealing import Sealer
from libs.kit.service import Running, Service
from libs.kit.settings import read
from services.chat.api import Hub, Resources, TooManyTries, router
from services.chat.commands import Desk
from services.chat.consumers import consumers
from services.chat.domain import TooManyMessages
from services.chat.jobs import jobs, jobs_with
from services.chat.queries import Gallery, Vault
from services.chat.settings import Settings
from services.chat.tables import Base


@asynccontextmanager
async def resources(running: Running) -> AsyncIterator[Resources]:
    """The keys of conversations, and the live connections for as long as the service is open."""
    settings = running.settings
    if not isinstance(settings, Settings) or running.keys_url is None:
        raise TypeError("chat runs on its own settings, and keeps keys")
    key_secrets = _key_secrets(running, settings)
    sealer = Sealer(key_secrets)
    async with AsyncExitStack() as opened:
        keys = await opened.enter_async_context(KeyRing.open(running.keys_url, sealer))
        vault = Vault(keys, sealer)
        hub = Hub(running.database, vault)
        following = asyncio.create_task(hub.follow(running.closing), name="chat live")
        try:
            desk = await _desk(running, settings, sealer, opened)
            pace = Pace(settings.messages_at_once, seconds=10, refusal=TooManyMessages)
            tries = Pace(settings.entries_per_minute, seconds=60, refusal=TooManyTries)
            gallery = Gallery(keys, sealer, _objects(running, settings), Pictures())
            yield Resources(
                vault=vault, hub=hub, pace=pace, tries=tries, signer=Signer(key_secrets), gallery=gallery, desk=desk
            )  # fmt: skip
        finally:
            running.closing.set()
            await following


async def _desk(running: Running, settings: Settings, sealer: Sealer, opened: AsyncExitStack) -> Desk | None:
    """Couriers are hired where they have something to carry."""
    if not running.around.works:
        return None
    couriers = await opened.enter_async_context(hired(read(CourierSettings), running.platform))
    link = settings.entry_url or f"{running.platform.base_url}/chat/v1/entries/{{token}}"
    if "{token}" not in link or (running.platform.production and not link.startswith("https://")):
        raise StartRefused("CHAT_ENTRY_URL must be an address with {token} in it; in production, an https one.")
    return Desk(sealer, link, couriers)


def _objects(running: Running, settings: Settings) -> Objects:
    if running.platform.production and settings.objects_url is None:
        raise StartRefused("In production, CHAT_OBJECTS_URL must be set: all replicas need the same pictures.")
    return open_objects(settings.objects_url, running.platform.run_dir / "objects")


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
        "attachments": "Pictures, drawn anew so that they tell nothing but what they show.",
        "notifications": "Where and of what you are told, and the links by which you come.",
        "reviews": "Talks that a clinic or specialist opens with the author of a review.",
        "endings": "The client's two buttons: enough talked, and problem solved.",
        "consultations": "The free consultation that begins a talk, and its time.",
        "templates": "Texts that need not be thought of anew, in four languages, and a house's own.",
        "evidence": "What was said, proved word by word; and who has read it, proved entry by entry.",
        "policies": "The house rules: every number, the rule it comes from, and who changed it.",
    },
    subscribers=[consumers],
    jobs=jobs,
    jobs_with=jobs_with,
    lifespan=resources,
)
