"""Who gets in, and what this process holds for its endpoints."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import HTTPConnection

from libs.kit.auth import Principal
from libs.kit.errors import Forbidden
from libs.kit.http import Policy, host
from services.chat.api.hub import Hub
from services.chat.domain import ConversationUnknown, Participant, TooManyMessages
from services.chat.queries import Vault


class Pace:
    """How fast one person may write, on this instance."""

    def __init__(self, messages: int, *, seconds: int = 10) -> None:
        self._limit = RateLimitItemPerSecond(messages, seconds)
        self._counted = MovingWindowRateLimiter(MemoryStorage())

    def keep(self, sender: Participant) -> None:
        """Count one message. Raises TooManyMessages."""
        if not self._counted.hit(self._limit, sender.tenant, str(sender.id)):
            raise TooManyMessages


@dataclass(frozen=True)
class Resources:
    """What chat opens beside its database."""

    vault: Vault
    hub: Hub
    pace: Pace


def resources_of(connection: HTTPConnection) -> Resources:
    """Chat's own resources."""
    found = getattr(host(connection), "resources", None)
    if not isinstance(found, Resources):
        raise TypeError("this process serves no requests")
    return found


class Sides(Policy):
    """Clients, specialists and clinics; to all others a conversation does not exist, rather than being forbidden."""

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """The proved caller."""
        try:
            return await super().__call__(connection)
        except Forbidden:
            raise ConversationUnknown from None


def participant(caller: Annotated[Principal, Depends(Sides("client", "specialist", "clinic"))]) -> Participant:
    """The caller, as conversations know people."""
    return Participant(tenant=caller.tenant, id=caller.id, roles=caller.roles)


Someone = Annotated[Participant, Depends(participant)]
ConversationId = Annotated[UUID, Path(description="The request's id, where the conversation belongs to one.")]
Held = Annotated[Resources, Depends(resources_of)]
