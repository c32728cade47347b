"""How the house looks into an observed conversation: with a ticket and a reason, before both sides' eyes (D2, P7)."""

from typing import Annotated

from fastapi import Depends

from libs.kit.auth import Principal
from libs.kit.http import Router, Transaction
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Sides
from services.chat.commands import Look
from services.chat.domain import ConversationUnknown
from services.chat.schemas import Message, Messages, NewStaffReading

routes = Router(prefix="/v1", tags=["evidence"])
Looker = Annotated[Principal, Depends(Sides("support", "supervisor"))]


# No Idempotency-Key: kept answers would hold what was said, and to look twice is to look twice.
@routes.post(
    "/conversations/{conversation_id}/staff-readings", status_code=201, responses=documented(ConversationUnknown)
)
async def look_into_conversation(
    conversation_id: ConversationId, asked: NewStaffReading, staff: Looker, tx: Transaction, held: Held
) -> Messages:
    """A page of an observed conversation, for a ticket and a reason that both its sides can see from now on.

    Sealed conversations, which all requests' are, cannot be found here by anybody: the answer is 404.
    """
    why = Look(staff.tenant, staff.id, asked.ticket_id, asked.reason)
    found = await commands.look(
        tx, held.vault, conversation_id, why, after_seq=asked.after_seq, limit=asked.limit + 1,
        now=await queries.moment(tx),
    )  # fmt: skip
    items = [Message.seen(each) for each in found[: asked.limit]]
    return Messages(items=items, next=items[-1].seq if len(found) > asked.limit else None)
