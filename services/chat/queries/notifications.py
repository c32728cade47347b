"""Reads: whom a conversation still tells of messages, and what has come due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.chat import Side
from libs.kit.couriers import Kind
from services.chat.domain import Participant
from services.chat.domain.notifications import Attention, Due, MutedBy
from services.chat.queries.conversations import conversation, side_of
from services.chat.tables.notifications import AttentionRow

OF = select(AttentionRow.muted_by, AttentionRow.ignored).where(
    AttentionRow.conversation_id == bindparam("conversation"), AttentionRow.person_id == bindparam("person")
)
TENANTS: Final = "SELECT DISTINCT tenant FROM notifications WHERE done_at IS NOT NULL"
DUE: Final = """
SELECT array_agg(id ORDER BY look_at, id)
FROM (SELECT * FROM notifications WHERE look_at <= $1 ORDER BY look_at LIMIT $2) due
GROUP BY conversation_id, person_id ORDER BY min(look_at)
"""
# Whoever comes second leaves it to the first, and all to who erases the talk. A client is told one thing at a time.
TAKE: Final = """
SELECT n.id, n.tenant, n.conversation_id, n.person_id, n.side, n.seq, n.attempts, n.planned_at,
  n.kind, n.run AS counted_in, a.seen_seq, a.ignored, a.told_at, a.muted_by, a.run,
  c.erased_at IS NULL AND CASE n.side
    WHEN 'client' THEN c.client_id = n.person_id AND c.ended_at IS NULL
    ELSE c.counterpart_id = n.person_id AND c.released_at IS NULL END AS takes_part
FROM notifications n
JOIN attentions a ON a.conversation_id = n.conversation_id AND a.person_id = n.person_id
JOIN conversations c ON c.id = n.conversation_id
WHERE n.id = $1 AND n.look_at <= $2 AND NOT (n.side = 'client' AND n.state = 'waiting' AND EXISTS (
  SELECT FROM notifications o WHERE o.conversation_id = n.conversation_id AND o.person_id = n.person_id
    AND o.state = 'handed'))
FOR UPDATE OF n, a SKIP LOCKED FOR KEY SHARE OF c SKIP LOCKED
"""


class Silence(NamedTuple):
    """Whether somebody is told of messages, and how many notifications in a row they have ignored."""

    muted_by: MutedBy | None
    ignored: int


class Taken(NamedTuple):
    """A notification that is locked, because it is being judged."""

    id: UUID
    tenant: str
    conversation_id: UUID
    person_id: UUID
    due: Due
    who: Attention
    kind: Kind | None
    counted_in: int | None
    run: int

    @classmethod
    def of(cls, row: Any) -> "Taken":
        """As the database gives it."""
        due = Due(side=row.side, seq=row.seq, planned_at=row.planned_at, attempts=row.attempts)
        who = Attention(
            seen_seq=row.seen_seq, ignored=row.ignored, told_at=row.told_at, muted_by=row.muted_by,
            takes_part=row.takes_part,
        )  # fmt: skip
        return cls(row.id, row.tenant, row.conversation_id, row.person_id, due, who, row.kind, row.counted_in, row.run)


async def silence(tx: AsyncSession, conversation_id: UUID, person: Participant) -> Silence:
    """How it stands for one of the two; ConversationUnknown for everybody else."""
    await side_in(tx, conversation_id, person)
    row = (await tx.execute(OF, {"conversation": conversation_id, "person": person.id})).one_or_none()
    return Silence(row.muted_by, row.ignored) if row else Silence(None, 0)


async def side_in(tx: AsyncSession, conversation_id: UUID, person: Participant) -> Side:
    """On which side somebody is; ConversationUnknown for who is on none."""
    side: Side = side_of(await conversation(tx, conversation_id, person), person)
    return side


async def due_notifications(tx: AsyncSession, *, now: datetime, most: int) -> Sequence[Sequence[UUID]]:
    """Those to look at now, the longest overdue first; together those that one person's attention decides on."""
    connection = await tx.connection()
    return (await connection.exec_driver_sql(DUE, (now, most))).scalars().all()


async def take_notification(tx: AsyncSession, notification_id: UUID, *, now: datetime) -> Taken | None:
    """Lock one of them with its person's attention; None if somebody else has it, or it is no longer due."""
    connection = await tx.connection()
    row = (await connection.exec_driver_sql(TAKE, (notification_id, now))).one_or_none()
    return Taken.of(row) if row else None


async def told_tenants(tx: AsyncSession) -> Sequence[str]:
    """Those in which somebody was told of something."""
    connection = await tx.connection()
    return (await connection.exec_driver_sql(TENANTS)).scalars().all()
