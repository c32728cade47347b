"""What changes in chat: a conversation opens, a message takes its place."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Text, Uuid, and_, bindparam, case, func, insert, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import DateTime

from libs.bus import publish
from libs.events.intake import RequestAccepted, RequestReleased, RequestWithdrawn
from services.chat import domain
from services.chat.domain import ConversationUnknown, Numbered, Participant
from services.chat.tables import ConversationRow, MessageRow


async def open_conversation(tx: AsyncSession, accepted: RequestAccepted) -> None:
    """Give the two people of an acceptance a place to talk; an acceptance older than the one known changes nothing."""
    conversation = domain.opened(accepted)
    seated = await tx.execute(
        _SEAT,
        {
            "id": conversation.conversation_id, "tenant": conversation.tenant, "accepted_at": conversation.at,
            "privacy_mode": conversation.privacy_mode,
            "client_id": conversation.client_id, "specialist_id": conversation.specialist_id,
        },
    )  # fmt: skip
    if seated.one_or_none() is not None:
        await publish(tx, conversation)


async def release_conversation(tx: AsyncSession, lost: RequestReleased | RequestWithdrawn) -> None:
    """Close a conversation to the specialist who lost its request, unless they have accepted it again since."""
    told = {"of": lost.request_id, "in_tenant": lost.tenant, "former": lost.specialist_id, "lost_at": lost.at}
    await tx.execute(_RELEASE, told)


async def send_message(
    tx: AsyncSession, conversation_id: UUID, text: str, *, sender: Participant, now: datetime
) -> Numbered:
    """Number and keep a message, if its sender is on a side at this very moment."""
    result = await tx.execute(
        _SEND,
        {
            "conversation": conversation_id, "of_tenant": sender.tenant, "sender": sender.id,
            "as_client": sender.as_client, "as_specialist": sender.as_specialist, "body": text.encode(), "now": now,
        },
    )  # fmt: skip
    row = result.one_or_none()
    if row is None:
        raise ConversationUnknown
    message = Numbered(
        conversation_id=conversation_id, seq=row.last_seq, side=row.side,
        first_reply=row.first_reply_seq == row.last_seq,
    )  # fmt: skip
    await publish(tx, *domain.sent(message, text, sender=sender, now=now))
    return message


_new = upsert(ConversationRow).values(since_seq=0, last_seq=0, first_reply_seq=None)
_seated_again = ConversationRow.specialist_id == _new.excluded.specialist_id
# Who accepts a released request later takes the seat, reads from there on, and owes a first reply of their own; who
# gets it back goes on where they were.
_SEAT = _new.on_conflict_do_update(
    index_elements=[ConversationRow.id],
    set_={
        "specialist_id": _new.excluded.specialist_id,
        "accepted_at": _new.excluded.accepted_at,
        "released_at": null(),
        "since_seq": case((_seated_again, ConversationRow.since_seq), else_=ConversationRow.last_seq),
        "first_reply_seq": case((_seated_again, ConversationRow.first_reply_seq), else_=null()),
    },
    where=ConversationRow.accepted_at < _new.excluded.accepted_at,
).returning(ConversationRow.id)

_RELEASE = (
    update(ConversationRow)
    .where(
        ConversationRow.id == bindparam("of", type_=Uuid()),
        ConversationRow.tenant == bindparam("in_tenant", type_=Text()),
        ConversationRow.specialist_id == bindparam("former", type_=Uuid()),
        ConversationRow.accepted_at < bindparam("lost_at", type_=DateTime(timezone=True)),
    )
    .values(released_at=bindparam("lost_at", type_=DateTime(timezone=True)))
)

# The row lock of the counter is held until commit, so the order of numbers is the order of commits.
_by_specialist = and_(
    ConversationRow.specialist_id == bindparam("as_specialist", type_=Uuid()), ConversationRow.released_at.is_(None)
)
_counted = (
    update(ConversationRow)
    .where(
        ConversationRow.id == bindparam("conversation", type_=Uuid()),
        ConversationRow.tenant == bindparam("of_tenant", type_=Text()),
        or_(ConversationRow.client_id == bindparam("as_client", type_=Uuid()), _by_specialist),
    )
    .values(
        last_seq=ConversationRow.last_seq + 1,
        first_reply_seq=case(
            (_by_specialist, func.coalesce(ConversationRow.first_reply_seq, ConversationRow.last_seq + 1)),
            else_=ConversationRow.first_reply_seq,
        ),
    )
    .returning(
        ConversationRow.id,
        ConversationRow.tenant,
        ConversationRow.last_seq,
        ConversationRow.first_reply_seq,
        case((_by_specialist, "specialist"), else_="client").label("side"),
    )
    .cte("counted")
)
_written = (
    insert(MessageRow)
    .from_select(
        ["conversation_id", "tenant", "seq", "side", "sender_id", "body", "at"],
        select(
            _counted.c.id, _counted.c.tenant, _counted.c.last_seq, _counted.c.side,
            bindparam("sender", type_=Uuid()), bindparam("body", type_=LargeBinary()),
            bindparam("now", type_=DateTime(timezone=True)),
        ),
    )
    .cte("written")
)  # fmt: skip
_SEND = select(_counted.c.last_seq, _counted.c.side, _counted.c.first_reply_seq).add_cte(_written)
