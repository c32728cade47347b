"""What a side may read; the condition on membership is part of every statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.chat.domain import ConversationUnknown, Participant
from services.chat.tables import ConversationRow, MessageRow


async def conversations(
    tx: AsyncSession, reader: Participant, *, after: list[Any] | None, limit: int
) -> Sequence[ConversationRow]:
    """Every conversation of theirs, the one accepted last first."""
    asked = select(ConversationRow).where(has_side(reader))
    if after is not None:
        asked = asked.where(tuple_(ConversationRow.accepted_at, ConversationRow.id) < tuple_(*after))
    latest = asked.order_by(ConversationRow.accepted_at.desc(), ConversationRow.id.desc()).limit(limit)
    return (await tx.scalars(latest)).all()


async def conversation(tx: AsyncSession, conversation_id: UUID, reader: Participant) -> ConversationRow:
    """One of their conversations; whose else it might be is nobody's business."""
    asked = select(ConversationRow).where(has_side(reader), ConversationRow.id == conversation_id)
    found = await tx.scalar(asked)
    if found is None:
        raise ConversationUnknown
    return found


async def messages(
    tx: AsyncSession, conversation_id: UUID, reader: Participant, *, after_seq: int, limit: int
) -> Sequence[MessageRow]:
    """What was said after a place, in order; a specialist hears nothing from before they accepted."""
    room = await conversation(tx, conversation_id, reader)
    found = await tx.scalars(
        select(MessageRow)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.seq > max(after_seq, readable_after(room, reader)),
        )
        .order_by(MessageRow.seq)
        .limit(limit)
    )
    return found.all()


def readable_after(room: ConversationRow, reader: Participant) -> int:
    """The place after which this side may read."""
    return 0 if room.client_id == reader.as_client else room.since_seq


def has_side(reader: Participant) -> ColumnElement[bool]:
    """Whether they are one of the two now, in their own tenant and on a side that their role gives them."""
    one_of_two: list[ColumnElement[bool]] = [false()]
    if reader.as_client is not None:
        one_of_two.append(ConversationRow.client_id == reader.as_client)
    if reader.as_specialist is not None:
        seated = ConversationRow.released_at.is_(None)
        one_of_two.append(and_(ConversationRow.specialist_id == reader.as_specialist, seated))
    return and_(ConversationRow.tenant == reader.tenant, or_(*one_of_two))
