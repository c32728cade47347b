"""Reads: pictures, and who may see them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.chat import Side
from services.chat.domain.attachments import DAY, PictureUnknown, Uploads
from services.chat.domain.conversations import Participant
from services.chat.queries.conversations import has_side
from services.chat.tables import AttachmentRow, ConversationRow

MOST: Final = 200


async def attachment(tx: AsyncSession, attachment_id: UUID, reader: Participant) -> tuple[AttachmentRow, Side]:
    """A picture that somebody may see now, and their side: sent, and in their time here; before, only who added it."""
    sent = or_(ConversationRow.client_id == reader.as_client, AttachmentRow.seq > ConversationRow.since_seq)
    mine = and_(AttachmentRow.seq.is_(None), AttachmentRow.uploader_id == reader.id)
    found = await tx.execute(
        select(AttachmentRow, ConversationRow.client_id, ConversationRow.counterpart_side)
        .join(ConversationRow, ConversationRow.id == AttachmentRow.conversation_id)
        .where(AttachmentRow.id == attachment_id, has_side(reader), or_(and_(AttachmentRow.seq >= 1, sent), mine))
    )
    row = found.one_or_none()
    if row is None:
        raise PictureUnknown
    side: Side = "client" if row.client_id == reader.as_client else row.counterpart_side
    return row[0], side


async def uploaded(
    tx: AsyncSession, conversation_id: UUID, uploader: Participant, upload_key: bytes
) -> AttachmentRow | None:
    """What this person has added here under this key before."""
    return await tx.scalar(
        select(AttachmentRow).where(
            AttachmentRow.conversation_id == conversation_id,
            AttachmentRow.uploader_id == uploader.id,
            AttachmentRow.upload_key == upload_key,
        )
    )


async def uploads(tx: AsyncSession, uploader: Participant, *, now: datetime) -> Uploads:
    """How much somebody has added within a day, in whichever conversation."""
    lately = select(func.count(), func.coalesce(func.min(AttachmentRow.at), now)).where(
        AttachmentRow.tenant == uploader.tenant, AttachmentRow.uploader_id == uploader.id, AttachmentRow.at > now - DAY
    )
    count, oldest = (await tx.execute(lately)).one()
    return Uploads(in_a_day=count, oldest=oldest)


async def uploading_tenants(tx: AsyncSession) -> list[str]:
    """Where pictures lie that were not sent."""
    return list(await tx.scalars(select(AttachmentRow.tenant).where(AttachmentRow.seq.is_(None)).distinct()))


async def kept_objects(tx: AsyncSession, names: Iterable[str]) -> set[str]:
    """Those of these objects that some picture needs."""
    return set(await tx.scalars(select(AttachmentRow.object_name).where(AttachmentRow.object_name.in_(list(names)))))
