"""Taking excerpts: reading a message for the sake of showing it, which is written down like any reading."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chat import queries
from services.chat.commands.ledger import note_reading
from services.chat.domain import Participant
from services.chat.domain.excerpts import Choice, Excerpt, TooMuchAtOnce
from services.chat.queries import Vault


async def take_excerpts(
    tx: AsyncSession, vault: Vault, conversation_id: UUID, reader: Participant, choice: Choice, *, now: datetime
) -> list[Excerpt]:
    """What a side shows of some messages; each that is opened is an entry in the ledger."""
    room = await queries.conversation(tx, conversation_id, reader)
    rules = (await queries.rules_of(tx, reader.tenant)).evidence
    if len(choice) > rules.messages_of_excerpt:
        raise TooMuchAtOnce
    taken = await queries.excerpts(tx, vault, room, reader, choice)
    side = queries.side_of(room, reader)
    for seq in choice:
        await note_reading(
            tx, room.id, tenant=room.tenant, reader=reader.id, side=side, use="excerpt",
            first_seq=seq, last_seq=seq, now=now,
        )  # fmt: skip
    return taken
