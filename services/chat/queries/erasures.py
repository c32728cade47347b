"""Reads: what is to be erased, and what was."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chat.domain.conversations import ConversationUnknown, Participant
from services.chat.domain.erasures import NotYoursToErase
from services.chat.queries.conversations import conversation
from services.chat.tables import ConversationRow, ErasureRow

MOST: Final = 100


async def erasable(tx: AsyncSession, conversation_id: UUID, client: Participant) -> UUID:
    """A conversation of which they are the client, erased or not."""
    mine = await tx.scalar(
        select(ConversationRow.id).where(
            ConversationRow.id == conversation_id,
            ConversationRow.tenant == client.tenant,
            ConversationRow.client_id == client.as_client,
        )
    )
    if mine is None:
        await conversation(tx, conversation_id, client)  # a counterpart learns why, and everybody else nothing
        raise NotYoursToErase
    if client.only is not None:
        raise ConversationUnknown if client.only != conversation_id else NotYoursToErase
    return mine


async def conversations_of(tx: AsyncSession, tenant: str, client_id: UUID) -> Sequence[UUID]:
    """All conversations of a client, those that are erased among them."""
    asked = select(ConversationRow.id).where(ConversationRow.tenant == tenant, ConversationRow.client_id == client_id)
    return (await tx.scalars(asked.order_by(ConversationRow.id))).all()


async def incomplete_erasures(tx: AsyncSession) -> Sequence[UUID]:
    """Conversations of which rows are gone, but a key or a picture may still be there."""
    asked = select(ErasureRow.conversation_id).where(ErasureRow.done_at.is_(None))
    return (await tx.scalars(asked.order_by(ErasureRow.at).limit(MOST))).all()
