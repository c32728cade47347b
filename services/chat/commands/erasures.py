"""Forgetting: rows and their announcement in one transaction, and after it the key and the pictures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.chat import ConversationErased
from libs.kit.sql import EVERY_TENANT, Database
from services.chat import queries
from services.chat.commands.attachments import empty_folder, forget_attachments
from services.chat.domain import ConversationUnknown
from services.chat.domain.erasures import AskedBy, Erasure
from services.chat.queries import Gallery
from services.chat.queries.erasures import conversations_of, incomplete_erasures
from services.chat.tables import (
    AttachmentRow,
    AttentionRow,
    Base,
    ConsultationRow,
    ConversationRow,
    EntryRow,
    ErasureRow,
    GuestRow,
    HelpNeedRow,
    LiveTicketRow,
    MessageRow,
    NotificationRow,
    ReadPositionRow,
    ReviewRow,
)

# What remains is the ledger of who has read, a solution that counts, and an empty conversation.
HELD: Final = (
    MessageRow, ReadPositionRow, LiveTicketRow, NotificationRow, AttentionRow, EntryRow, GuestRow, ConsultationRow,
    HelpNeedRow,
)  # fmt: skip
# What is about one person, also in conversations that are not theirs to erase; what is in their own goes with these.
OWN: Final = {
    "idempotency": "principal", "addresses": "person_id", "representatives": "account_id", "live_tickets": "reader_id",
    "read_positions": "reader_id", "notifications": "person_id", "attentions": "person_id", "entries": "person_id",
    "guests": "person_id",
}  # fmt: skip
EMPTIED: Final = b"\0"  # which was sealed by nobody, and is shown to nobody


async def erase_conversation(
    tx: AsyncSession, conversation_id: UUID, *, tenant: str, asked_by: AskedBy, now: datetime
) -> None:
    """Let go of everything that was said, and say so once; `finish_erasure` comes after the commit."""
    # Whoever sends or adds a picture at this moment does so before or not at all: they need this lock, too.
    room = await tx.scalar(
        select(ConversationRow)
        .where(ConversationRow.id == conversation_id, ConversationRow.tenant == tenant)
        .with_for_update()
    )
    if room is None:
        raise ConversationUnknown
    asked = upsert(ErasureRow).values(conversation_id=room.id, tenant=tenant, asked_by=asked_by, at=now)
    await tx.execute(asked.on_conflict_do_nothing())
    await _forget_rows(tx, room.id)
    if room.erased_at is None:
        room.erased_at = now
        await tx.flush()
        await publish(tx, ConversationErased(tenant=tenant, at=now, conversation_id=room.id))


async def finish_erasure(database: Database, gallery: Gallery, conversation_id: UUID) -> Erasure:
    """Destroy the key, let go of the pictures' bytes, and write down that it is done; again, if need be."""
    await gallery.keys.destroy(conversation_id)
    await empty_folder(gallery, conversation_id)
    async with database.session(EVERY_TENANT) as tx:
        # A device that was reading just then may have told how far it was.
        await _forget_rows(tx, conversation_id)
        now = await queries.moment(tx)
        done = update(ErasureRow).where(ErasureRow.conversation_id == conversation_id, ErasureRow.done_at.is_(None))
        await tx.execute(done.values(done_at=now))
        row = await tx.get_one(ErasureRow, conversation_id)
        return Erasure(conversation_id=conversation_id, erased_at=row.at, complete=row.done_at is not None)


async def erase_subject(database: Database, gallery: Gallery, subject_id: UUID, *, tenant: str) -> list[Erasure]:
    """Forget a person: all conversations of which they are the client, and what is theirs alone in those of others."""
    async with database.session(tenant) as tx:
        found = await conversations_of(tx, tenant, subject_id)
        unsent = await _forget_person(tx, subject_id, tenant=tenant)
    await gallery.objects.delete(*unsent)
    erased = []
    for conversation_id in found:
        async with database.session(tenant) as tx:
            now = await queries.moment(tx)
            await erase_conversation(tx, conversation_id, tenant=tenant, asked_by="ops", now=now)
        erased.append(await finish_erasure(database, gallery, conversation_id))
    return erased


async def _forget_person(tx: AsyncSession, subject_id: UUID, *, tenant: str) -> Sequence[str]:
    """Let go of what is about somebody alone; the names of pictures that they added and never sent."""
    # Attentions are locked before notifications, as everywhere.
    await tx.execute(select(AttentionRow.person_id).where(AttentionRow.person_id == subject_id).with_for_update())
    for name, column in OWN.items():
        table = Base.metadata.tables[name]
        await tx.execute(delete(table).where(table.c.tenant == tenant, table.c[column] == subject_id))
    reviews = update(ReviewRow).where(ReviewRow.tenant == tenant, ReviewRow.client_id == subject_id)
    await tx.execute(reviews.values(client_id=None))
    # A card has a place in somebody else's talk, which stays; how to reach who sent it does not.
    cards = update(MessageRow).where(MessageRow.tenant == tenant, MessageRow.sender_id == subject_id)
    await tx.execute(cards.where(MessageRow.form == "card").values(body=EMPTIED))
    unsent = delete(AttachmentRow).where(AttachmentRow.tenant == tenant, AttachmentRow.uploader_id == subject_id)
    return (await tx.scalars(unsent.where(AttachmentRow.seq.is_(None)).returning(AttachmentRow.object_name))).all()


async def finish_erasures(database: Database, gallery: Gallery) -> int:
    """Go on where somebody was stopped between the database and the keys; how many there were."""
    async with database.session(EVERY_TENANT) as tx:
        found = await incomplete_erasures(tx)
    for conversation_id in found:
        await finish_erasure(database, gallery, conversation_id)
    return len(found)


async def _forget_rows(tx: AsyncSession, conversation_id: UUID) -> None:
    for table in HELD:
        await tx.execute(delete(table).where(table.conversation_id == conversation_id))
    await forget_attachments(tx, conversation_id)
