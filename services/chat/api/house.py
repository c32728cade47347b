"""Who gets in, and what this process holds for its endpoints."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Path
from starlette.requests import HTTPConnection

from libs.kit.auth import Principal
from libs.kit.errors import Forbidden, Unauthenticated
from libs.kit.http import PRINCIPAL, Policy, host
from libs.kit.ledger import Signer
from libs.kit.pace import Pace
from libs.kit.sql import EVERY_TENANT
from services.chat import queries
from services.chat.api.hub import Hub
from services.chat.commands import Desk
from services.chat.domain import ConversationUnknown, Participant
from services.chat.queries import Gallery, Vault

GUEST: Final = "dovira.guest"


@dataclass(frozen=True)
class Resources:
    """What chat opens beside its database."""

    vault: Vault
    hub: Hub
    pace: Pace
    tries: Pace
    signer: Signer
    gallery: Gallery
    desk: Desk | None = None  # where people are told of messages: in workers


def resources_of(connection: HTTPConnection) -> Resources:
    """Chat's own resources."""
    found = getattr(host(connection), "resources", None)
    if not isinstance(found, Resources):
        raise TypeError("this process serves no requests")
    return found


class Sides(Policy):
    """Clients, specialists and clinics; to all others a conversation does not exist, rather than being forbidden.

    Who came by a link shows `Authorization: Entry <secret>`, and is the client of one conversation (P6).
    """

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """The proved caller."""
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "entry":
            if "client" not in self.roles:
                raise ConversationUnknown
            return await _guest(connection, secret.strip())
        try:
            return await super().__call__(connection)
        except Forbidden:
            raise ConversationUnknown from None


async def _guest(connection: HTTPConnection, secret: str) -> Principal:
    async with host(connection).database.session(EVERY_TENANT) as tx:
        visitor = await queries.visitor(tx, secret, now=await queries.moment(tx))
    if visitor is None:
        raise Unauthenticated
    connection.scope[GUEST] = visitor
    guest = Principal(visitor.id, visitor.tenant, "client", frozenset({"client"}))
    connection.scope[PRINCIPAL] = guest
    return guest


def participant(
    caller: Annotated[Principal, Depends(Sides("client", "specialist", "clinic"))], connection: HTTPConnection
) -> Participant:
    """The caller, as conversations know people; a guest is somebody in one conversation only."""
    guest: queries.Visitor | None = connection.scope.get(GUEST)
    known = participant_of(caller)
    return replace(known, only=guest.only, stay=guest.stay) if guest else known


def participant_of(caller: Principal) -> Participant:
    """Somebody, as conversations know people."""
    return Participant(tenant=caller.tenant, id=caller.id, roles=caller.roles)


class Hints:
    """What both screens are told of a change, once it is committed: whoever asks then finds it."""

    def __init__(self, held: Annotated[Resources, Depends(resources_of)], afterwards: BackgroundTasks) -> None:
        self._hub, self._afterwards = held.hub, afterwards

    def announce(self, conversation_id: UUID, frame: dict[str, Any]) -> None:
        """Tell it after the commit."""
        self._afterwards.add_task(self._tell, conversation_id, frame)

    async def _tell(self, conversation_id: UUID, frame: dict[str, Any]) -> None:
        # A plain function would be run in a thread, where the hub must not be touched.
        self._hub.announce(conversation_id, frame)


Hinted = Annotated[Hints, Depends(Hints)]
Someone = Annotated[Participant, Depends(participant)]
ConversationId = Annotated[UUID, Path(description="The request's id, where the conversation belongs to one.")]
Held = Annotated[Resources, Depends(resources_of)]
