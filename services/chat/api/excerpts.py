"""Showing to others what was said, and finding out whether what is shown was said (D18)."""

from typing import Annotated

from fastapi import Depends

from libs.kit.auth import Principal
from libs.kit.http import Router, Snapshot, Transaction, roles
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.domain import ConversationUnknown
from services.chat.domain.excerpts import (
    MessageOpaque,
    MessageUnknown,
    MessageUnprovable,
    NothingThere,
    TooMuchAtOnce,
)
from services.chat.schemas import Excerpts, MessageExcerpt, NewExcerpt, NewVerification, Verdict, Verification

routes = Router(prefix="/v1", tags=["evidence"])
Reader = Annotated[Principal, Depends(roles("support", "supervisor", "clinician", "client", "specialist", "clinic"))]


# No Idempotency-Key: kept answers would hold what was said, and to take an excerpt twice is two readings.
@routes.post(
    "/conversations/{conversation_id}/excerpts",
    status_code=201,
    responses=documented(
        ConversationUnknown, MessageUnknown, MessageOpaque, MessageUnprovable, NothingThere, TooMuchAtOnce
    ),
)
async def take_excerpts(
    conversation_id: ConversationId, chosen: NewExcerpt, reader: Someone, tx: Transaction, held: Held
) -> Excerpts:
    """What you would show of these messages: exactly this, and nothing else, leaves when you hand it to somebody.

    A hidden word is a hash from which neither the word nor its length can be found. The other side is not told, but
    each message that is opened is an entry in the access ledger, which both sides see.
    """
    now = await queries.moment(tx)
    taken = await commands.take_excerpts(tx, held.vault, conversation_id, reader, chosen.choice(), now=now)
    return Excerpts(items=[MessageExcerpt.of(each) for each in taken])


@routes.post("/excerpt-verifications", responses=documented(TooMuchAtOnce))
async def verify_excerpts(shown: NewVerification, reader: Reader, tx: Snapshot, held: Held) -> Verification:
    """Whether these words were said, by which side, when, and where in its conversation; nothing else is opened.

    It holds for conversations that you cannot see, and for those that were erased. The text that stands in an excerpt
    is genuine only if this says so, and only in this house.
    """
    rules = (await queries.rules_of(tx, reader.tenant)).evidence
    if len(shown.items) > rules.messages_of_excerpt:
        raise TooMuchAtOnce
    claims = [each.excerpt() for each in shown.items]
    genuine = await queries.genuine(tx, held.vault, reader.tenant, claims)
    return Verification(items=[Verdict.on(each, genuine=true) for each, true in zip(claims, genuine, strict=True)])
