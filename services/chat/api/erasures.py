"""Being forgotten: by one's own wish, or through the house."""

from fastapi import Request

from libs.kit.http import Ops, Router, host
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.domain import ConversationUnknown
from services.chat.domain.erasures import NotYoursToErase
from services.chat.queries.erasures import erasable
from services.chat.schemas.erasures import ErasureView, NewErasure, SubjectErasure

routes = Router(prefix="/v1", tags=["conversations"])


@routes.post("/conversations/{conversation_id}/erasure", responses=documented(ConversationUnknown, NotYoursToErase))
async def erase_conversation(
    conversation_id: ConversationId, client: Someone, held: Held, request: Request
) -> ErasureView:
    """Erase what was said in a conversation of yours, for both sides and for good. Asked again, it changes nothing.

    When this answers, its messages and pictures are deleted, and the key is destroyed that could read copies of them.
    """
    database = host(request).database
    async with database.session(client.tenant) as tx:
        mine, now = await erasable(tx, conversation_id, client), await queries.moment(tx)
        await commands.erase_conversation(tx, mine, tenant=client.tenant, asked_by="client", now=now)
    return ErasureView.model_validate(await commands.finish_erasure(database, held.gallery, mine))


@routes.post("/erasures")
async def erase_subject(new: NewErasure, ops: Ops, held: Held, request: Request) -> SubjectErasure:
    """Forget a client with all their conversations, or anybody else with what is theirs in others'.

    That is how to reach them (their contact cards among it), who they said they were, and how far they had read. What a
    specialist wrote stays: it is their clients' as well. Asked again, it goes on.
    """
    database = host(request).database
    erased = await commands.erase_subject(database, held.gallery, new.subject_id, tenant=ops.tenant)
    return SubjectErasure(
        subject_id=new.subject_id, conversations=[ErasureView.model_validate(each) for each in erased]
    )
