"""Contact cards: from a login we make what is shown and where it leads; when they may be sent is the house's rule."""

from libs.kit.http import Autocommit, Router, Snapshot
from libs.kit.messengers import LoginMalformed
from libs.kit.phones import PhoneMalformed
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.domain import ConversationOver, ConversationUnknown, Draft, TooManyMessages
from services.chat.domain.cards import ContactsForbidden, ContactsTooEarly, card, permit
from services.chat.queries.consultations import session_was_held, was_sent
from services.chat.schemas import Receipt
from services.chat.schemas.contact_cards import NewContactCard

routes = Router(prefix="/v1", tags=["messages"])


@routes.post(
    "/conversations/{conversation_id}/contact-cards",
    status_code=201,
    responses=documented(
        ConversationUnknown, ConversationOver, ContactsForbidden, ContactsTooEarly, LoginMalformed, PhoneMalformed,
        TooManyMessages,
    ),
)  # fmt: skip
async def send_contact_card(
    conversation_id: ConversationId, new: NewContactCard, sender: Someone, *, tx: Snapshot, db: Autocommit, held: Held
) -> Receipt:
    """Send the other side how to reach you elsewhere, where and from when on the house allows it (D3)."""
    held.pace.keep(sender.tenant, sender.id)
    room = await queries.conversation(tx, conversation_id, sender)
    if not await was_sent(tx, room.id, sender.id, new.client_message_id):
        policy = (await queries.rules_of(tx, sender.tenant)).contacts.off_platform
        permit(policy, held=await session_was_held(tx, room))
    draft = Draft(
        conversation_id=room.id, client_message_id=new.client_message_id, form="card",
        body=card(new.kind, new.login).encoded(),
    )  # fmt: skip
    delivery = await commands.send_message(db, held.vault, draft, sender=sender)
    held.hub.delivered(delivery)
    return Receipt.of(delivery.sent)
