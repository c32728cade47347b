"""Reads: what the two sides of a conversation see."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, false, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.chat import Side
from services.chat.domain import ConversationUnknown, Message, Participant
from services.chat.queries.vault import KeptMessage, Vault
from services.chat.tables import ConversationRow, MessageRow, ReadPositionRow

Read = dict[UUID, tuple[int, datetime]]
KEPT = (
    MessageRow.seq, MessageRow.side, MessageRow.sender_id, MessageRow.client_message_id, MessageRow.form,
    MessageRow.body, MessageRow.commitment, MessageRow.stamp, MessageRow.attachments, MessageRow.at,
)  # fmt: skip
AFTER = (
    select(*KEPT)
    .where(MessageRow.conversation_id == bindparam("conversation"), MessageRow.seq > bindparam("after"))
    .order_by(MessageRow.seq)
    .limit(bindparam("most"))
)
READ = select(
    ReadPositionRow.conversation_id, ReadPositionRow.reader_id, ReadPositionRow.seq, ReadPositionRow.at
).where(ReadPositionRow.conversation_id.in_(bindparam("conversations", expanding=True)))


async def conversations(
    tx: AsyncSession, reader: Participant, *, unread: bool = False, after: list[Any] | None, limit: int
) -> Sequence[ConversationRow]:
    """Every conversation of theirs, the one opened last first; or those with something that they have not read."""
    asked = select(ConversationRow).where(has_side(reader))
    if unread:
        asked = asked.where(has_unread(reader))
    if after is not None:
        asked = asked.where(tuple_(ConversationRow.opened_at, ConversationRow.id) < tuple_(*after))
    latest = asked.order_by(ConversationRow.opened_at.desc(), ConversationRow.id.desc()).limit(limit)
    return (await tx.scalars(latest)).all()


async def conversation(
    tx: AsyncSession, conversation_id: UUID, reader: Participant, *, lock: bool = False
) -> ConversationRow:
    """One of their conversations; whose else it might be is nobody's business."""
    asked = select(ConversationRow).where(has_side(reader), ConversationRow.id == conversation_id)
    found = await tx.scalar(asked.with_for_update() if lock else asked)
    if found is None:
        raise ConversationUnknown
    return found


async def messages(
    tx: AsyncSession, vault: Vault, room: ConversationRow, reader: Participant, *, after_seq: int, limit: int
) -> tuple[list[Message], bool]:
    """What was said after a place, in order, and whether there is more; nothing from before the reader's time."""
    after = max(after_seq, readable_after(room, reader))
    found = (await tx.execute(AFTER, {"conversation": room.id, "after": after, "most": limit + 1})).all()
    opened = [await vault.opened(KeptMessage._make(row), room.id, mode_of(room)) for row in found[:limit]]
    return opened, len(found) > limit


async def read_positions(tx: AsyncSession, conversations: Sequence[UUID]) -> Mapping[UUID, Read]:
    """How far the readers of each conversation have come, and when."""
    read: defaultdict[UUID, Read] = defaultdict(dict)
    for row in await tx.execute(READ, {"conversations": list(conversations)}):
        read[row.conversation_id][row.reader_id] = row.seq, row.at
    return read


def readable_after(room: ConversationRow, reader: Participant) -> int:
    """The place after which this side may read."""
    return 0 if room.client_id == reader.as_client else room.since_seq


def side_of(room: ConversationRow, reader: Participant) -> Side:
    """On which side somebody is who is on one."""
    return "client" if room.client_id == reader.as_client else cast("Side", room.counterpart_side)


def mode_of(room: ConversationRow) -> Any:
    """The privacy mode, fixed for life."""
    return room.privacy_mode


def has_unread(reader: Participant) -> ColumnElement[bool]:
    """Whether the other side said something after the last that they have read."""
    here = ReadPositionRow.conversation_id == ConversationRow.id, ReadPositionRow.reader_id == reader.id
    read = select(ReadPositionRow.seq).where(*here).correlate(ConversationRow).scalar_subquery()
    begins = case((ConversationRow.client_id == reader.as_client, 0), else_=ConversationRow.since_seq)
    theirs = MessageRow.conversation_id == ConversationRow.id, MessageRow.sender_id != reader.id
    return exists().where(*theirs, MessageRow.seq > func.greatest(func.coalesce(read, 0), begins))


def has_side(reader: Participant) -> ColumnElement[bool]:
    """Whether they are one of the two now, in their own tenant and on a side that their role gives them."""
    one_of_two: list[ColumnElement[bool]] = [false()]
    if reader.as_client is not None:
        one_of_two.append(ConversationRow.client_id == reader.as_client)
    for side, who in (("specialist", reader.as_specialist), ("clinic", reader.as_clinic)):
        if who is not None:
            held = ConversationRow.counterpart_side == side, ConversationRow.released_at.is_(None)
            one_of_two.append(and_(ConversationRow.counterpart_id == who, *held))
    here = [ConversationRow.id == reader.only] if reader.only is not None else []
    return and_(ConversationRow.tenant == reader.tenant, ConversationRow.erased_at.is_(None), or_(*one_of_two), *here)
