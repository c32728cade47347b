"""Ending a conversation, for both sides at once, and thinking better of it where the house lets one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.chat import ConversationEnded, ConversationReopened
from services.chat import queries
from services.chat.domain import NotReopened, NotYoursToEnd, Participant
from services.chat.tables import ConversationRow


async def end_conversation(
    tx: AsyncSession, conversation_id: UUID, client: Participant, *, now: datetime
) -> ConversationRow:
    """Nobody writes any more; ended twice, it ended the first time."""
    room = await _client_s(tx, conversation_id, client)
    if room.ended_at is None:
        room.ended_at, room.ended_by = now, "client"
        await tx.flush()
        told = ConversationEnded(tenant=room.tenant, at=now, conversation_id=room.id, by="client")
        await publish(tx, told)
    return room


async def reopen_conversation(
    tx: AsyncSession, conversation_id: UUID, client: Participant, *, now: datetime
) -> ConversationRow:
    """Both may write again, if it was the client who ended it, not too long ago."""
    room = await _client_s(tx, conversation_id, client)
    if room.ended_at is None:
        return room
    within = (await queries.rules_of(tx, room.tenant)).talk.reopen_within
    if room.ended_by != "client" or now > room.ended_at + within or not within:
        raise NotReopened
    room.ended_at = room.ended_by = None
    await tx.flush()
    await publish(tx, ConversationReopened(tenant=room.tenant, at=now, conversation_id=room.id))
    return room


async def _client_s(tx: AsyncSession, conversation_id: UUID, client: Participant) -> ConversationRow:
    room = await queries.conversation(tx, conversation_id, client, lock=True)
    if room.client_id != client.as_client:
        raise NotYoursToEnd
    return room
