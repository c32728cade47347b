"""Pictures come, are sent with a message, and go."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.ids import uuid7
from libs.kit.idempotency import IdempotencyKeyReused
from libs.kit.pictures import Picture
from libs.kit.sql import EVERY_TENANT, Database, FastConnection
from services.chat import queries
from services.chat.commands.ledger import note_reading
from services.chat.domain import ConversationOver, Participant, Sent
from services.chat.domain.attachments import PictureNotYours, may_add, may_send
from services.chat.domain.rules import AttachmentRules
from services.chat.queries import Gallery
from services.chat.queries.attachments import MOST, attachment, kept_objects, uploaded, uploads
from services.chat.queries.gallery import folder
from services.chat.tables import AttachmentRow

# One person's uploads are counted one after the other.
ONE_BY_ONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('uploads ' || :tenant || :person, 0))")
# A message's pictures are its sender's own, added here, and sent once; whoever comes second finds none.
CLAIM: Final = """
WITH claimed AS (
  UPDATE attachments a SET seq = $2 FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place)
  WHERE a.id = wanted.id AND a.conversation_id = $3 AND a.tenant = $4 AND a.uploader_id = $5 AND a.seq IS NULL
  RETURNING wanted.place, a.sha256)
SELECT sha256 FROM claimed ORDER BY place
"""
RULES: Final = "SELECT changes::text FROM policies WHERE tenant = $1 ORDER BY version DESC LIMIT 1"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Somebody adds a picture to a conversation; with the same key it is the same picture."""

    conversation_id: UUID
    uploader: Participant
    key: str

    @property
    def digest(self) -> bytes:
        """What is kept of the key."""
        return hashlib.sha256(self.key.encode()).digest()


async def begin_upload(tx: AsyncSession, upload: Upload, *, now: datetime) -> tuple[AttachmentRules, UUID | None]:
    """Before a byte is read: whether they may, and which picture it is if it came before."""
    room = await queries.conversation(tx, upload.conversation_id, upload.uploader)
    known = await uploaded(tx, upload.conversation_id, upload.uploader, upload.digest)
    rules = (await queries.rules_of(tx, room.tenant)).attachments
    if known is None:
        if room.ended_at is not None:
            raise ConversationOver
        may_add(await uploads(tx, upload.uploader, now=now), rules)
    return rules, known.id if known else None


async def add_picture(
    database: Database, gallery: Gallery, upload: Upload, picture: Picture
) -> tuple[AttachmentRow, bool]:
    """Seal it, keep it, and then enter it; whether it is new. What is entered nowhere is swept up later."""
    attachment_id = uuid7()
    name = await gallery.hang(upload.conversation_id, attachment_id, picture.content)
    entered = False
    try:
        async with database.session(upload.uploader.tenant) as tx:
            row = await _enter(tx, upload, picture, attachment_id, name, now=await queries.moment(tx))
        entered = row.id == attachment_id
    finally:
        if not entered:
            await gallery.objects.delete(name)
    return row, entered


async def _enter(
    tx: AsyncSession, upload: Upload, picture: Picture, attachment_id: UUID, name: str, *, now: datetime
) -> AttachmentRow:
    who = upload.uploader
    room = await queries.conversation(tx, upload.conversation_id, who, lock=True)
    await tx.execute(ONE_BY_ONE, {"tenant": who.tenant, "person": str(who.id)})
    known = await uploaded(tx, upload.conversation_id, who, upload.digest)
    if known is not None:
        return same_picture(known, picture.original_sha256)
    if room.ended_at is not None:
        raise ConversationOver
    may_add(await uploads(tx, who, now=now), (await queries.rules_of(tx, who.tenant)).attachments)
    added = upsert(AttachmentRow).values(
        id=attachment_id, tenant=who.tenant, conversation_id=room.id, uploader_id=who.id, upload_key=upload.digest,
        object_name=name, original_size=picture.original_size, original_sha256=picture.original_sha256,
        size=len(picture.content), sha256=picture.sha256, width=picture.width, height=picture.height, at=now,
    )  # fmt: skip
    return (await tx.scalars(added.returning(AttachmentRow))).one()


def same_picture(known: AttachmentRow, original_sha256: bytes) -> AttachmentRow:
    """What was added under a key before, if it was this."""
    if known.original_sha256 != original_sha256:
        raise IdempotencyKeyReused
    return known


async def look_at_picture(
    tx: AsyncSession, attachment_id: UUID, reader: Participant, *, now: datetime
) -> AttachmentRow:
    """A picture that they may see, entered in the access ledger as seen."""
    row, side = await attachment(tx, attachment_id, reader)
    await note_reading(
        tx, row.conversation_id, tenant=row.tenant, reader=reader.id, side=side, use="attachment",
        first_seq=row.seq, last_seq=row.seq, now=now,
    )  # fmt: skip
    return row


async def claim_attachments(
    db: FastConnection, attachments: Sequence[UUID], sent: Sent, *, tenant: str
) -> tuple[bytes, ...]:
    """In the transaction that sends: bind pictures to their message. Their digests, in the order of the message."""
    if not attachments:
        return ()
    may_send(len(attachments), queries.BOOK.rules_with(await db.fetchval(RULES, tenant)).attachments)
    found = await db.fetch(CLAIM, list(attachments), sent.seq, sent.conversation_id, tenant, sent.sender_id)
    if len(found) != len(attachments):
        raise PictureNotYours
    return tuple(row["sha256"] for row in found)


async def forget_unsent(tx: AsyncSession, tenant: str, *, now: datetime) -> list[str]:
    """Let go of what was added long ago and never sent; the names of the objects that nobody needs any more."""
    kept = (await queries.rules_of(tx, tenant)).attachments.unsent_kept
    old = select(AttachmentRow.id).where(
        AttachmentRow.tenant == tenant, AttachmentRow.seq.is_(None), AttachmentRow.at < now - kept
    )
    # A message that claims one of them at this moment is quicker, and keeps it.
    old = old.limit(MOST).with_for_update(skip_locked=True)
    gone = delete(AttachmentRow).where(AttachmentRow.id.in_(old), AttachmentRow.seq.is_(None))
    return list(await tx.scalars(gone.returning(AttachmentRow.object_name)))


async def forget_attachments(tx: AsyncSession, conversation_id: UUID) -> int:
    """Let go of all rows of a conversation's pictures; their objects are let go by `empty_folder`, after the commit."""
    gone = delete(AttachmentRow).where(AttachmentRow.conversation_id == conversation_id)
    return len(list(await tx.scalars(gone.returning(AttachmentRow.id))))


async def empty_folder(gallery: Gallery, conversation_id: UUID) -> None:
    """Let go of the bytes of all pictures of a conversation."""
    await gallery.objects.delete_under(folder(conversation_id))


async def sweep(database: Database, gallery: Gallery, *, before: datetime) -> int:
    """Let go of objects that no picture needs, and that were written before; how many there were."""
    swept, some = 0, []
    async for stored in gallery.objects.under("pictures"):
        if stored.at < before:
            some.append(stored.name)
        if len(some) == MOST:
            swept, some = swept + await _unneeded(database, gallery, some), []
    return swept + await _unneeded(database, gallery, some)


async def _unneeded(database: Database, gallery: Gallery, names: list[str]) -> int:
    async with database.session(EVERY_TENANT) as tx:
        needed = await kept_objects(tx, names)
    gone = [name for name in names if name not in needed]
    await gallery.objects.delete(*gone)
    return len(gone)
