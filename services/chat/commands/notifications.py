"""Planning to tell somebody of a message, and noticing that they know."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from services.chat.commands.entries import revoke_links
from services.chat.domain import Participant
from services.chat.domain import notifications as domain
from services.chat.queries.conversations import conversation, side_of

# Whose row of attention is locked decides; everything here takes that row first, and notifications after it.
# A part of the statement that keeps a message (messages.py), once it is `placed`: the other side is to be told, and who
# writes is there; `resumed` has a row if they are told again because of it.
# $1 conversation, $2 tenant, $7 sender, $9 number, $12 their side, $18 the moment, $19 an id
PLAN: Final = """
was AS (
  SELECT a.conversation_id, a.person_id, a.muted_by FROM placed JOIN attentions a
    ON a.conversation_id = $1 AND a.person_id = $7 FOR UPDATE OF a
), there AS (
  UPDATE attentions a SET seen_seq = $9, run = a.run + 1, ignored = 0, told_at = NULL,
    muted_at = CASE a.muted_by WHEN 'ignored' THEN NULL ELSE a.muted_at END, muted_by = nullif(a.muted_by, 'ignored')
  FROM was WHERE a.conversation_id = was.conversation_id AND a.person_id = was.person_id
), seat AS (
  SELECT CASE WHEN $12 <> 'client' THEN client_id ELSE counterpart_id END AS person_id,
    CASE WHEN $12 <> 'client' THEN 'client' ELSE counterpart_side END AS side
  FROM placed
), other AS (
  INSERT INTO attentions AS a (conversation_id, person_id, tenant, side)
  SELECT $1, s.person_id, $2, s.side FROM seat s JOIN addresses d ON d.tenant = $2 AND d.person_id = s.person_id
  WHERE s.side = 'client' OR d.mail IS NOT NULL
  ON CONFLICT (conversation_id, person_id) DO UPDATE SET side = excluded.side
  RETURNING a.person_id, a.side, a.muted_by, a.seen_seq
), planned AS (
  INSERT INTO notifications AS n
    (id, tenant, conversation_id, person_id, side, seq, state, planned_at, look_at)
  SELECT $19, $2, $1, o.person_id, o.side, $9, 'waiting', $18, $18 FROM other o WHERE o.muted_by IS NULL
  ON CONFLICT (conversation_id, person_id) WHERE side = 'client' AND state = 'waiting' DO UPDATE SET
    seq = excluded.seq,
    planned_at = CASE WHEN n.seq <= (SELECT seen_seq FROM other) THEN excluded.planned_at ELSE n.planned_at END
), resumed AS (
  SELECT FROM was WHERE muted_by = 'ignored'
)
"""
# $1 conversation, $2 person, $3 seq; reading again what was read says nothing.
PRESENT: Final = """
WITH was AS (
  SELECT conversation_id, person_id, side, muted_by FROM attentions
  WHERE conversation_id = $1 AND person_id = $2 AND seen_seq < $3 FOR UPDATE
), there AS (
  UPDATE attentions a SET seen_seq = $3, run = a.run + 1, ignored = 0, told_at = NULL,
    muted_at = CASE a.muted_by WHEN 'ignored' THEN NULL ELSE a.muted_at END, muted_by = nullif(a.muted_by, 'ignored')
  FROM was WHERE a.conversation_id = was.conversation_id AND a.person_id = was.person_id
)
SELECT side FROM was WHERE muted_by = 'ignored'
"""
ATTEND: Final = """
INSERT INTO attentions AS a (conversation_id, person_id, tenant, side) VALUES ($1, $2, $3, $4)
ON CONFLICT (conversation_id, person_id) DO UPDATE SET side = excluded.side
RETURNING a.muted_by
"""
# $1 conversation, $2 person, $3 whether they want silence, $4 now
CHOOSE: Final = """
UPDATE attentions SET run = run + 1, ignored = 0, told_at = NULL,
  muted_at = CASE WHEN $3 THEN $4::timestamptz END, muted_by = CASE WHEN $3 THEN 'choice' END
WHERE conversation_id = $1 AND person_id = $2
"""


async def note_presence(
    tx: AsyncSession, conversation_id: UUID, person_id: UUID, *, tenant: str, seq: int, now: datetime
) -> None:
    """In the transaction that reads: somebody knows of everything until here, and is told of what comes after it."""
    connection = await tx.connection()
    resumed = (await connection.exec_driver_sql(PRESENT, (conversation_id, person_id, seq))).scalar_one_or_none()
    if resumed is not None:
        await publish(tx, domain.resumed(conversation_id, resumed, tenant=tenant, now=now))


async def choose_silence(
    tx: AsyncSession, conversation_id: UUID, person: Participant, *, muted: bool, now: datetime
) -> None:
    """Somebody is told of messages here, or not, as they wish; the same wish twice changes nothing."""
    # The conversation before anything in it, like whoever erases it.
    side = side_of(await conversation(tx, conversation_id, person, lock=True), person)
    connection = await tx.connection()
    was = await connection.exec_driver_sql(ATTEND, (conversation_id, person.id, person.tenant, side))
    if was.scalar_one() == ("choice" if muted else None):
        return
    await connection.exec_driver_sql(CHOOSE, (conversation_id, person.id, muted, now))
    if muted:
        await revoke_links(tx, person.id, tenant=person.tenant, conversation_id=conversation_id, now=now)
    told = domain.silenced if muted else domain.resumed
    await publish(tx, told(conversation_id, side, tenant=person.tenant, now=now))
