"""Forgetting: rows and their announcement in one transaction, and after it the key and the pictures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, union, update
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
# What is about one person wherever they talk, and what is about them in a talk that is not theirs to erase.
OWN: Final = {"idempotency": "principal", "addresses": "person_id", "representatives": "account_id"}
TRACES: Final = {
    "live_tickets": "reader_id", "read_positions": "reader_id", "notifications": "person_id",
    "attentions": "person_id", "entries": "person_id", "guests": "person_id",
}  # fmt: skip
EMPTIED: Final = b"\0"  # which was sealed by nobody, and is shown to nobody


async def erase_conversation(
    tx: AsyncSession, conversation_id: UUID, *, tenant: str, asked_by: AskedBy, now: datetime
) -> None:
    """Let go of everything that was said, and say so once; `finish_erasure` comes after the commit."""
    room = await _locked(tx, conversation_id)
    if room is None or room.tenant != tenant:
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
        await _locked(tx, conversation_id)
        await _forget_rows(tx, conversation_id)
        now = await queries.moment(tx)
        done = update(ErasureRow).where(ErasureRow.conversation_id == conversation_id, ErasureRow.done_at.is_(None))
        await tx.execute(done.values(done_at=now))
        row = await tx.get_one(ErasureRow, conversation_id)
        return Erasure(conversation_id=conversation_id, erased_at=row.at, complete=row.done_at is not None)


async def erase_subject(database: Database, gallery: Gallery, subject_id: UUID, *, tenant: str) -> list[Erasure]:
    """Forget a person: all conversations of which they are the client, and what is theirs alone in those of others."""
    async with database.session(tenant) as tx:
        await _forget_person(tx, subject_id, tenant=tenant)
        found, others = await conversations_of(tx, tenant, subject_id), await _traces(tx, tenant, subject_id)
    # One conversation at a time: who holds two may wait in a circle with who took them in another order.
    for conversation_id in others:
        async with database.session(tenant) as tx:
            unsent = await _forget_traces(tx, conversation_id, subject_id)
        await gallery.objects.delete(*unsent)
    erased = []
    for conversation_id in found:
        async with database.session(tenant) as tx:
            now = await queries.moment(tx)
            await erase_conversation(tx, conversation_id, tenant=tenant, asked_by="ops", now=now)
        erased.append(await finish_erasure(database, gallery, conversation_id))
    return erased


async def _forget_person(tx: AsyncSession, subject_id: UUID, *, tenant: str) -> None:
    """Let go of what is about somebody in no conversation."""
    for name, column in OWN.items():
        table = Base.metadata.tables[name]
        await tx.execute(delete(table).where(table.c.tenant == tenant, table.c[column] == subject_id))
    reviews = update(ReviewRow).where(ReviewRow.tenant == tenant, ReviewRow.client_id == subject_id)
    await tx.execute(reviews.values(client_id=None))


async def _traces(tx: AsyncSession, tenant: str, subject_id: UUID) -> Sequence[UUID]:
    """The conversations in which there is something that is somebody's alone."""
    tables = [Base.metadata.tables[name] for name in TRACES]
    places = [
        select(table.c.conversation_id).where(table.c.tenant == tenant, table.c[column] == subject_id)
        for table, column in zip(tables, TRACES.values(), strict=True)
    ]
    cards = select(MessageRow.conversation_id).where(MessageRow.tenant == tenant, *_cards_of(subject_id))
    unsent = select(AttachmentRow.conversation_id).where(AttachmentRow.tenant == tenant, *_unsent_of(subject_id))
    return (await tx.scalars(union(*places, cards, unsent).order_by("conversation_id"))).all()


async def _forget_traces(tx: AsyncSession, conversation_id: UUID, subject_id: UUID) -> Sequence[str]:
    """Let go of what is somebody's alone in one of them; the names of pictures that they added and never sent."""
    await _locked(tx, conversation_id)
    for name, column in TRACES.items():
        table = Base.metadata.tables[name]
        here = table.c.conversation_id == conversation_id
        await tx.execute(delete(table).where(here, table.c[column] == subject_id))
    # A card has a place in somebody else's talk, which stays; how to reach who sent it does not.
    cards = update(MessageRow).where(MessageRow.conversation_id == conversation_id, *_cards_of(subject_id))
    await tx.execute(cards.values(body=EMPTIED))
    unsent = delete(AttachmentRow).where(AttachmentRow.conversation_id == conversation_id, *_unsent_of(subject_id))
    return (await tx.scalars(unsent.returning(AttachmentRow.object_name))).all()


def _cards_of(subject_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return MessageRow.sender_id == subject_id, MessageRow.form == "card", MessageRow.body != EMPTIED


def _unsent_of(subject_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return AttachmentRow.uploader_id == subject_id, AttachmentRow.seq.is_(None)


async def finish_erasures(database: Database, gallery: Gallery) -> int:
    """Go on where somebody was stopped between the database and the keys; how many there were."""
    async with database.session(EVERY_TENANT) as tx:
        found = await incomplete_erasures(tx)
    for conversation_id in found:
        await finish_erasure(database, gallery, conversation_id)
    return len(found)


async def _locked(tx: AsyncSession, conversation_id: UUID) -> ConversationRow | None:
    """A conversation, held before anything in it: who sends, adds a picture or erases does so one after the other."""
    return await tx.scalar(select(ConversationRow).where(ConversationRow.id == conversation_id).with_for_update())


async def _forget_rows(tx: AsyncSession, conversation_id: UUID) -> None:
    for table in HELD:
        await tx.execute(delete(table).where(table.conversation_id == conversation_id))
    await forget_attachments(tx, conversation_id)
