"""Writing and reading over HTTP, for who has no live connection."""

from typing import Annotated

from fastapi import Query

from libs.kit.http import Autocommit, Router, Transaction
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.domain import ConversationOver, ConversationUnknown, TooManyMessages
from services.chat.domain.templates import OtherWords, TemplateUnknown
from services.chat.schemas import Message, Messages, NewMessage, Receipt

LATEST = 2**31 - 1
routes = Router(prefix="/v1", tags=["messages"])


@routes.post(
    "/conversations/{conversation_id}/messages",
    status_code=201,
    responses=documented(ConversationUnknown, ConversationOver, TooManyMessages, TemplateUnknown, OtherWords),
)
async def send_message(
    conversation_id: ConversationId, message: NewMessage, sender: Someone, db: Autocommit, held: Held
) -> Receipt:
    """Write to the other side. Sent again with the same `client_message_id`, it is the same message."""
    held.pace.keep(sender.tenant, sender.id)
    delivery = await commands.send_message(db, held.vault, message.draft(conversation_id), sender=sender)
    held.hub.delivered(delivery)
    return Receipt.of(delivery.sent)


@routes.get("/conversations/{conversation_id}/messages", responses=documented(ConversationUnknown))
async def list_messages(
    conversation_id: ConversationId,
    reader: Someone,
    tx: Transaction,
    held: Held,
    *,
    after_seq: Annotated[int, Query(ge=0, le=LATEST, description="The last number you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Messages:
    """What was said after a number, in order and without gaps. Each reading is an entry in the access ledger."""
    room = await queries.conversation(tx, conversation_id, reader)
    found, more = await queries.messages(tx, held.vault, room, reader, after_seq=after_seq, limit=limit)
    if found:
        await commands.note_reading(
            tx, room.id, tenant=room.tenant, reader=reader.id, side=queries.side_of(room, reader), use="page",
            first_seq=found[0].seq, last_seq=found[-1].seq, now=await queries.moment(tx),
        )  # fmt: skip
    items = [Message.seen(each) for each in found]
    return Messages(items=items, next=items[-1].seq if more else None)
