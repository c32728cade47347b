"""The one way in which the house reads: a conversation whose two sides were told so when it was opened (D2, P7)."""

from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chat.domain import ConversationUnknown, Message
from services.chat.queries.conversations import AFTER, mode_of
from services.chat.queries.vault import KeptMessage, Vault
from services.chat.tables import ConversationRow

OBSERVED: Final = select(ConversationRow).where(
    ConversationRow.tenant == bindparam("tenant"),
    ConversationRow.id == bindparam("conversation"),
    ConversationRow.privacy_mode == "observed",
    ConversationRow.erased_at.is_(None),
)


async def observed_conversation(tx: AsyncSession, conversation_id: UUID, *, tenant: str) -> ConversationRow:
    """An observed conversation of this house; no other can be found here, whoever asks."""
    found = await tx.scalar(OBSERVED, {"tenant": tenant, "conversation": conversation_id})
    if found is None:
        raise ConversationUnknown
    return found


async def messages_for_staff(
    tx: AsyncSession, vault: Vault, room: ConversationRow, *, after_seq: int, limit: int
) -> list[Message]:
    """What was said after a place, in order."""
    if room.privacy_mode != "observed":
        raise ConversationUnknown
    found = await tx.execute(AFTER, {"conversation": room.id, "after": after_seq, "most": limit})
    return [await vault.opened(KeptMessage._make(row), room.id, mode_of(room)) for row in found]
