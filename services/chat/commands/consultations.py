"""Beginning a free consultation, and hearing of sessions."""

from datetime import datetime

from sqlalchemy import or_, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import SessionHeld, SessionVoided
from services.chat import queries
from services.chat.domain import ConversationOver, Participant
from services.chat.domain.consultations import Consultation, ConsultationRunning, OnlySpecialistBegins, begin
from services.chat.queries.consultations import consultation_of
from services.chat.tables import ConsultationRow, ConversationRow, SessionRow

_new = upsert(ConsultationRow)
# The row is the referee: it gives way when its time is over, or to whoever has the seat after its specialist.
BEGIN = _new.on_conflict_do_update(
    index_elements=[ConsultationRow.conversation_id],
    set_={name: _new.excluded[name] for name in ("specialist_id", "started_at", "ends_at")},
    where=or_(
        ConsultationRow.ends_at <= _new.excluded.started_at,
        ConsultationRow.specialist_id != _new.excluded.specialist_id,
    ),
).returning(ConsultationRow.conversation_id)
_said = upsert(SessionRow)
_KNOWN = tuple_(SessionRow.version, SessionRow.at, SessionRow.held)
# One register: whatever comes in whatever order, what is left is the greatest version.
HEAR = _said.on_conflict_do_update(
    index_elements=[SessionRow.session_id],
    set_={name: _said.excluded[name] for name in ("request_id", "specialist_id", "held", "version", "at")},
    where=tuple_(_said.excluded.version, _said.excluded.at, _said.excluded.held) > _KNOWN,
)


async def begin_consultation(
    tx: AsyncSession, room: ConversationRow, specialist: Participant, *, now: datetime
) -> Consultation:
    """Start the time that both sides see; while one runs there is no other."""
    if room.purpose != "request" or queries.side_of(room, specialist) != "specialist":
        raise OnlySpecialistBegins
    if room.ended_at is not None:
        raise ConversationOver
    rules = (await queries.rules_of(tx, room.tenant)).consultations
    new = begin(room.id, specialist.id, now=now, rules=rules)
    row = {
        "conversation_id": new.conversation_id, "tenant": room.tenant, "specialist_id": new.specialist_id,
        "started_at": new.started_at, "ends_at": new.ends_at,
    }  # fmt: skip
    if (await tx.execute(BEGIN, row)).one_or_none() is not None:
        return new
    known = await consultation_of(tx, room)
    raise ConsultationRunning(known.ends_at if known else now)


async def hear_session(tx: AsyncSession, told: SessionHeld | SessionVoided) -> None:
    """Keep whether a session counts as held; what is older than what is known changes nothing."""
    row = {
        "session_id": told.session_id, "tenant": told.tenant, "request_id": told.request_id,
        "specialist_id": told.specialist_id, "held": isinstance(told, SessionHeld), "version": told.version,
        "at": told.at,
    }  # fmt: skip
    await tx.execute(HEAR, row)
