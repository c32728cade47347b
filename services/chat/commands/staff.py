"""Looking into an observed conversation, which its two sides see."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.chat import LookReason, StaffLooked
from services.chat import queries
from services.chat.commands.ledger import note_reading
from services.chat.domain import Message
from services.chat.queries import Vault


class Look(NamedTuple):
    """Who of the house looks, and why."""

    tenant: str
    staff_id: UUID
    ticket_id: UUID
    reason: LookReason


async def look(
    tx: AsyncSession, vault: Vault, conversation_id: UUID, look: Look, *, after_seq: int, limit: int, now: datetime
) -> list[Message]:
    """A page of messages, for as long as the conversation is an observed one; sealed ones do not exist here (D2)."""
    room = await queries.observed_conversation(tx, conversation_id, tenant=look.tenant)
    found = await queries.messages_for_staff(tx, vault, room, after_seq=after_seq, limit=limit)
    read = found[: limit - 1]
    await note_reading(
        tx, room.id, tenant=look.tenant, reader=look.staff_id, side="staff", use="staff",
        first_seq=read[0].seq if read else None, last_seq=read[-1].seq if read else None, now=now,
        ticket_id=look.ticket_id, reason=look.reason,
    )  # fmt: skip
    await publish(
        tx,
        StaffLooked(
            tenant=look.tenant, at=now, conversation_id=room.id, staff_id=look.staff_id, ticket_id=look.ticket_id,
            reason=look.reason,
        ),
    )  # fmt: skip
    return found
