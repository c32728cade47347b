"""How conversations open, change hands and close to those who lost them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, case, func, null, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

from libs.bus import publish
from libs.events.chat import ConversationEnded
from libs.events.intake import RequestAccepted, RequestDeactivated, RequestReleased, RequestWithdrawn
from services.chat import domain
from services.chat.commands.notifications import note_presence
from services.chat.tables import ConversationRow, ReadPositionRow


async def open_conversation(tx: AsyncSession, accepted: RequestAccepted) -> None:
    """Give the two people of an acceptance a place to talk; an acceptance older than the one known changes nothing."""
    conversation = domain.opened(accepted)
    seated = await tx.execute(
        _SEAT,
        {
            "id": conversation.conversation_id, "tenant": conversation.tenant, "opened_at": conversation.at,
            "privacy_mode": conversation.privacy_mode, "client_id": conversation.client_id,
            "counterpart_id": conversation.specialist_id, "specialist_id": conversation.specialist_id,
        },
    )  # fmt: skip
    if seated.one_or_none() is not None:
        await publish(tx, conversation)


async def release_conversation(tx: AsyncSession, lost: RequestReleased | RequestWithdrawn) -> None:
    """Close a conversation to the specialist who lost its request, unless they have accepted it again since."""
    told = {"of": lost.request_id, "in_tenant": lost.tenant, "former": lost.specialist_id, "lost_at": lost.at}
    await tx.execute(_RELEASE, told)


async def end_struck_conversation(tx: AsyncSession, struck: RequestDeactivated) -> None:
    """Nobody goes on writing about a request that support has struck from the record (R4); both can still read."""
    ended = await tx.execute(_END, {"of": struck.request_id, "in_tenant": struck.tenant, "at": struck.at})
    if ended.one_or_none() is not None:
        told = ConversationEnded(tenant=struck.tenant, at=struck.at, conversation_id=struck.request_id, by="house")
        await publish(tx, told)


async def read_until(
    tx: AsyncSession, room: ConversationRow, reader_id: UUID, *, side: str, seq: int, now: datetime
) -> int:
    """Keep how far somebody has read, which never goes back and never beyond what there is."""
    read = min(seq, room.last_seq)
    kept = await tx.execute(
        _READ,
        {
            "conversation_id": room.id,
            "reader_id": reader_id,
            "tenant": room.tenant,
            "side": side,
            "seq": read,
            "at": now,
        },
    )
    found: int = kept.scalar_one()
    await note_presence(tx, room.id, reader_id, tenant=room.tenant, seq=read, now=now)
    return found


_new = upsert(ConversationRow).values(
    purpose="request", counterpart_side="specialist", since_seq=0, last_seq=0, first_reply_seq=None
)
_seated_again = ConversationRow.counterpart_id == _new.excluded.counterpart_id
# Who accepts a released request later takes the seat, reads what the client wrote since nobody had it, and owes a first
# reply of their own; who gets it back goes on where they were.
_SEAT = _new.on_conflict_do_update(
    index_elements=[ConversationRow.id],
    set_={
        "counterpart_id": _new.excluded.counterpart_id,
        "specialist_id": _new.excluded.specialist_id,
        "opened_at": _new.excluded.opened_at,
        "released_at": null(),
        "released_seq": null(),
        "since_seq": case(
            (_seated_again, ConversationRow.since_seq),
            else_=func.coalesce(ConversationRow.released_seq, ConversationRow.last_seq),
        ),
        "first_reply_seq": case((_seated_again, ConversationRow.first_reply_seq), else_=null()),
    },
    where=ConversationRow.opened_at < _new.excluded.opened_at,
).returning(ConversationRow.id)

_RELEASE = (
    update(ConversationRow)
    .where(
        ConversationRow.id == bindparam("of", type_=Uuid()),
        ConversationRow.tenant == bindparam("in_tenant", type_=Text()),
        ConversationRow.counterpart_id == bindparam("former", type_=Uuid()),
        ConversationRow.opened_at < bindparam("lost_at", type_=DateTime(timezone=True)),
        ConversationRow.released_at.is_(None),
    )
    .values(released_at=bindparam("lost_at", type_=DateTime(timezone=True)), released_seq=ConversationRow.last_seq)
)
_END = (
    update(ConversationRow)
    .where(
        ConversationRow.id == bindparam("of", type_=Uuid()),
        ConversationRow.tenant == bindparam("in_tenant", type_=Text()),
        ConversationRow.ended_at.is_(None),
    )
    .values(ended_at=bindparam("at", type_=DateTime(timezone=True)), ended_by="house")
    .returning(ConversationRow.id)
)
_position = upsert(ReadPositionRow)
_READ = _position.on_conflict_do_update(
    index_elements=[ReadPositionRow.conversation_id, ReadPositionRow.reader_id],
    set_={
        "seq": func.greatest(ReadPositionRow.seq, _position.excluded.seq),
        "at": case((ReadPositionRow.seq < _position.excluded.seq, _position.excluded.at), else_=ReadPositionRow.at),
    },
).returning(ReadPositionRow.seq)
