"""Whether you are told of messages in a conversation."""

from libs.kit.http import Router, Snapshot, Transaction
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Someone
from services.chat.domain import ConversationUnknown
from services.chat.schemas.notifications import SilenceView, SilenceWish

routes = Router(prefix="/v1", tags=["notifications"])


@routes.get("/conversations/{conversation_id}/notifications", responses=documented(ConversationUnknown))
async def show_silence(conversation_id: ConversationId, person: Someone, tx: Snapshot) -> SilenceView:
    """Whether you are told of messages here, and how many notifications in a row you have ignored."""
    return SilenceView.of(await queries.silence(tx, conversation_id, person))


@routes.put("/conversations/{conversation_id}/notifications", responses=documented(ConversationUnknown))
async def choose_silence(
    conversation_id: ConversationId, wish: SilenceWish, person: Someone, tx: Transaction
) -> SilenceView:
    """Be told of messages here, or not. Silence also withdraws the links into this conversation that you were sent."""
    now = await queries.moment(tx)
    await commands.choose_silence(tx, conversation_id, person, muted=wish.muted, now=now)
    return SilenceView.of(await queries.silence(tx, conversation_id, person))
