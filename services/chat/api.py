"""What the two sides of a conversation can do over HTTP. Nobody else finds anything here, staff least of all (R14)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from starlette.requests import HTTPConnection

from libs.kit.auth import Principal
from libs.kit.errors import Forbidden
from libs.kit.http import Now, Policy, Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.domain import ConversationUnknown, Participant
from services.chat.schemas import Conversation, Message, Messages, NewMessage, Receipt

LATEST = 2**31 - 1
routes = Router(prefix="/v1", tags=["conversations"])


class Sides(Policy):
    """Clients and specialists; to everybody else a conversation does not exist, rather than being forbidden."""

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """The proved caller."""
        try:
            return await super().__call__(connection)
        except Forbidden:
            raise ConversationUnknown from None


def participant(caller: Annotated[Principal, Depends(Sides("client", "specialist"))]) -> Participant:
    """The caller, as conversations know people."""
    return Participant(tenant=caller.tenant, id=caller.id, roles=caller.roles)


Someone = Annotated[Participant, Depends(participant)]
ConversationId = Annotated[UUID, Path(description="The request's id, as the acceptance names it.")]


@routes.get("/conversations", responses=documented(ConversationUnknown, CursorUnknown))
async def list_conversations(reader: Someone, tx: Snapshot, paging: Paging) -> Page[Conversation]:
    """Your conversations, the one accepted last first."""
    found = await queries.conversations(tx, reader, after=paging.after, limit=paging.limit + 1)
    return paging.page(
        found, key=lambda row: (row.accepted_at, row.id), shape=lambda row: Conversation.seen_by(reader, row)
    )


@routes.get("/conversations/{conversation_id}", responses=documented(ConversationUnknown))
async def show_conversation(conversation_id: ConversationId, reader: Someone, tx: Snapshot) -> Conversation:
    """One of your conversations, and who can read it.

    A conversation opens when chat hears of the acceptance, as a rule well within a second. Until then, and for
    everybody who is not one of its two sides, the answer is 404; a side that has just accepted asks again.
    """
    return Conversation.seen_by(reader, await queries.conversation(tx, conversation_id, reader))


@routes.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(ConversationUnknown),
)
async def send_message(
    conversation_id: ConversationId, message: NewMessage, sender: Someone, tx: Transaction, now: Now
) -> Receipt:
    """Write to the other side."""
    taken = await commands.send_message(tx, conversation_id, message.body, sender=sender, now=now)
    return Receipt(conversation_id=conversation_id, seq=taken.seq, side=taken.side, sender_id=sender.id, at=now)


@routes.get("/conversations/{conversation_id}/messages", responses=documented(ConversationUnknown))
async def list_messages(
    conversation_id: ConversationId,
    reader: Someone,
    tx: Snapshot,
    after_seq: Annotated[int, Query(ge=0, le=LATEST, description="The last number you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Messages:
    """What was said after a number, in order and without gaps."""
    found = await queries.messages(tx, conversation_id, reader, after_seq=after_seq, limit=limit + 1)
    items = [Message.of(row) for row in found[:limit]]
    return Messages(items=items, next=items[-1].seq if len(found) > limit else None)
