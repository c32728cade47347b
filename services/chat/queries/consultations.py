"""The free consultation of a conversation, and whether a first session was held."""

from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chat.domain.consultations import Consultation
from services.chat.tables import ConsultationRow, ConversationRow, MessageRow, SessionRow

OFFERED = select(
    ConsultationRow.conversation_id, ConsultationRow.specialist_id, ConsultationRow.started_at, ConsultationRow.ends_at
).where(
    ConsultationRow.conversation_id == bindparam("conversation"),
    ConsultationRow.specialist_id == bindparam("specialist"),
)
LAST = select(func.coalesce(func.max(MessageRow.seq), 0)).where(
    MessageRow.conversation_id == bindparam("conversation"), MessageRow.side == "client"
)
FIRST_HELD = select(func.min(SessionRow.at)).where(
    SessionRow.request_id == bindparam("request"),
    SessionRow.specialist_id == bindparam("specialist"),
    SessionRow.held,
)
SENT = select(MessageRow.seq).where(
    MessageRow.conversation_id == bindparam("conversation"),
    MessageRow.sender_id == bindparam("sender"),
    MessageRow.client_message_id == bindparam("message"),
)


async def consultation_of(tx: AsyncSession, room: ConversationRow) -> Consultation | None:
    """The last one that whoever has the seat now has offered; a former specialist's is not theirs."""
    if room.released_at is not None:
        return None
    found = await tx.execute(OFFERED, {"conversation": room.id, "specialist": room.counterpart_id})
    row = found.one_or_none()
    return Consultation(*row) if row else None


async def last_of_client(tx: AsyncSession, conversation_id: UUID) -> int:
    """The number of the client's last message; 0 if they have written none."""
    return (await tx.execute(LAST, {"conversation": conversation_id})).scalar_one()


async def session_was_held(tx: AsyncSession, room: ConversationRow) -> bool:
    """Whether these two have met: in a session that counts, or else there would be no review to talk about."""
    if room.purpose != "request":
        return True
    asked = {"request": room.id, "specialist": room.specialist_id}
    return await tx.scalar(FIRST_HELD, asked) is not None


async def was_sent(tx: AsyncSession, conversation_id: UUID, sender_id: UUID, client_message_id: UUID) -> bool:
    """Whether this very message was taken before; then it is no new one, whatever the rules say now."""
    asked = {"conversation": conversation_id, "sender": sender_id, "message": client_message_id}
    return await tx.scalar(SENT, asked) is not None
