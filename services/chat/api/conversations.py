"""What the two sides of a conversation can do over HTTP. Nobody else finds anything here, staff least of all (R14)."""

from typing import Annotated

from fastapi import Query

from libs.kit.http import Router, Snapshot, Transaction
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Hinted, Someone
from services.chat.domain import ConversationUnknown
from services.chat.schemas import Conversation, ReadPosition, ReadUntil

Unread = Annotated[bool, Query(description="Only those in which the other side said what you have not read.")]
routes = Router(prefix="/v1", tags=["conversations"])


@routes.get("/conversations", responses=documented(ConversationUnknown, CursorUnknown))
async def list_conversations(
    reader: Someone, tx: Snapshot, paging: Paging, *, unread: Unread = False
) -> Page[Conversation]:
    """Your conversations, the one opened last first."""
    found = await queries.conversations(tx, reader, unread=unread, after=paging.after, limit=paging.limit + 1)
    ids = [row.id for row in found]
    read, lines = await queries.read_positions(tx, ids), await queries.helplines(tx, ids)
    return paging.page(
        found,
        key=lambda row: (row.opened_at, row.id),
        shape=lambda row: Conversation.seen_by(reader, row, read[row.id], lines.get(row.id, ())),
    )


@routes.get("/conversations/{conversation_id}", responses=documented(ConversationUnknown))
async def show_conversation(conversation_id: ConversationId, reader: Someone, tx: Snapshot) -> Conversation:
    """One of your conversations: who can read it, and who has.

    A conversation opens when chat hears of the acceptance, as a rule well within a second. Until then, and for
    everybody who is not one of its two sides, the answer is 404; a side that has just accepted asks again.
    """
    room = await queries.conversation(tx, conversation_id, reader)
    read = await queries.read_positions(tx, [conversation_id])
    lines = await queries.helplines(tx, [conversation_id])
    return Conversation.seen_by(reader, room, read[conversation_id], lines.get(conversation_id, ()))


@routes.put("/conversations/{conversation_id}/read-position", responses=documented(ConversationUnknown))
async def keep_read_position(
    conversation_id: ConversationId, read: ReadUntil, reader: Someone, tx: Transaction, hints: Hinted
) -> ReadPosition:
    """Say how far you have read; the other side sees it, and you are no longer told of what you know."""
    room, now = await queries.conversation(tx, conversation_id, reader), await queries.moment(tx)
    side = queries.side_of(room, reader)
    seq = await commands.read_until(tx, room, reader.id, side=side, seq=read.seq, now=now)
    hints.announce(conversation_id, {"type": "read", "side": side, "seq": seq})
    return ReadPosition(seq=seq)
