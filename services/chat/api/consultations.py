"""The free consultation: one clock, seen by both sides."""

from libs.kit.http import Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Hinted, Someone
from services.chat.domain import ConversationOver, ConversationUnknown
from services.chat.domain.consultations import ConsultationRunning, OnlySpecialistBegins, say_minutes_now
from services.chat.queries.consultations import consultation_of, last_of_client
from services.chat.schemas.consultations import ConsultationView

routes = Router(prefix="/v1", tags=["consultations"])


@routes.get("/conversations/{conversation_id}/consultation", responses=documented(ConversationUnknown))
async def get_consultation(conversation_id: ConversationId, reader: Someone, tx: Snapshot) -> ConsultationView:
    """Since when and until when the free consultation runs, and, for its specialist, whether to speak of it now."""
    room = await queries.conversation(tx, conversation_id, reader)
    known, now = await consultation_of(tx, room), await queries.moment(tx)
    hint = False
    if queries.side_of(room, reader) == "specialist" and room.purpose == "request" and room.ended_at is None:
        told = await last_of_client(tx, room.id)
        hint = say_minutes_now(first_reply=room.first_reply_seq, last_of_client=told, offered=known is not None)
    return ConsultationView.of(known, now=now, say_minutes_now=hint)


@routes.post(
    "/conversations/{conversation_id}/consultation",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(ConversationUnknown, ConversationOver, OnlySpecialistBegins, ConsultationRunning),
)
async def begin_consultation(
    conversation_id: ConversationId, specialist: Someone, tx: Transaction, hints: Hinted
) -> ConsultationView:
    """Begin the free consultation; both sides see its time at once. While one runs, there is no other."""
    room = await queries.conversation(tx, conversation_id, specialist, lock=True)
    now = await queries.moment(tx)
    begun = ConsultationView.of(await commands.begin_consultation(tx, room, specialist, now=now), now=now)
    told = begun.model_dump(mode="json", include={"started_at", "ends_at", "now"})
    hints.announce(conversation_id, {"type": "consultation"} | told)
    return begun
