"""Sending: a message takes its place, sealed, and once."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from libs.bus.clock import simulated
from libs.bus.ids import uuid7
from libs.bus.outbox import prepare
from libs.events.chat import Side
from libs.kit.errors import Unavailable
from libs.kit.sql import FastConnection
from services.chat import domain
from services.chat.commands.attachments import claim_attachments
from services.chat.commands.notifications import PLAN
from services.chat.domain import ConversationOver, ConversationUnknown, Draft, Participant, Sent
from services.chat.domain.notifications import resumed
from services.chat.domain.templates import OtherWords, fits
from services.chat.queries import Vault
from services.chat.queries.templates import farewell

# $1 conversation, $2 tenant, $3 as client, $4 as specialist, $5 as clinic, $6 a guest's only conversation
SEATED: Final = """
  c.id = $1 AND c.tenant = $2 AND c.erased_at IS NULL AND ($6::uuid IS NULL OR c.id = $6) AND (
    c.client_id = $3 OR (c.released_at IS NULL AND (
      (c.counterpart_side = 'specialist' AND c.counterpart_id = $4)
      OR (c.counterpart_side = 'clinic' AND c.counterpart_id = $5))))
"""
# $7 sender, $8 their message's own id, $9 simulated time
LOOK: Final = f"""
SELECT c.last_seq + 1 AS seq, c.opened_at, c.privacy_mode AS mode, c.ended_at IS NOT NULL AS ended,
  CASE WHEN c.client_id = $3 THEN 'client' ELSE c.counterpart_side END AS side,
  c.purpose = 'request' AND c.client_id IS DISTINCT FROM $3 AS to_client, c.first_reply_seq IS NULL AS unanswered,
  coalesce($9::timestamptz, clock_timestamp()) AS at, m.seq AS known_seq, m.side AS known_side, m.at AS known_at
FROM conversations c LEFT JOIN messages m
  ON m.conversation_id = c.id AND m.sender_id = $7 AND m.client_message_id = $8
WHERE {SEATED}
"""  # noqa: S608 - nothing in it comes from outside
# Who holds the counter is the only one who writes, until their commit.
HOLD: Final = "SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE"
# $9 number, $10 when the seat was taken, $11 whether it is the first reply. The counter's row is the referee: the
# number is the next one still and nobody has come or gone, or nothing happens. So numbers and moments have the order
# of commits.
KEEP: Final = f"""
WITH placed AS (
  UPDATE conversations c SET last_seq = $9, first_reply_seq = CASE WHEN $11 THEN $9 ELSE c.first_reply_seq END
  WHERE {SEATED} AND c.ended_at IS NULL AND c.last_seq = $9 - 1 AND c.opened_at = $10
  RETURNING c.client_id, CASE WHEN c.released_at IS NULL THEN c.counterpart_id END AS counterpart_id, c.counterpart_side
), kept AS (
  INSERT INTO messages (conversation_id, seq, tenant, side, sender_id, client_message_id, form, body, commitment, stamp,
    attachments, at)
  SELECT $1, $9, $2, $12, $7, $8, $13, $14, $15, $16, $17, $18 FROM placed
), {PLAN}, said AS (
  INSERT INTO outbox (topic, slot, key, value)
  SELECT topic, slot, key, value FROM placed,
  unnest($20::text[], $21::int[], $22::uuid[], $23::bytea[]) WITH ORDINALITY AS fact (topic, slot, key, value, n)
  WHERE n < cardinality($20) OR EXISTS (SELECT FROM resumed)
)
SELECT client_id, counterpart_id FROM placed
"""  # noqa: S608 - as above


class Delivery(NamedTuple):
    """A message that was sent: its place, who may read it, and what its readers see; None if it was sent before."""

    sent: Sent
    readers: frozenset[UUID]
    message: domain.Message | None


async def send_message(db: FastConnection, vault: Vault, draft: Draft, *, sender: Participant) -> Delivery:
    """Seal and keep a message, if its sender is on a side at this very moment; sent again, it is the same message.

    Two trips, unless somebody else wrote between them, or pictures are bound to the message: then nobody else may.
    """
    if not draft.attachments and (delivery := await _send(db, vault, draft, sender)) is not None:
        return delivery
    async with db.transaction():
        await db.execute(HOLD, draft.conversation_id)
        delivery = await _send(db, vault, draft, sender)
    if delivery is None:
        raise Unavailable
    return delivery


async def _send(db: FastConnection, vault: Vault, draft: Draft, sender: Participant) -> Delivery | None:
    """None when something has changed between our looking and our keeping: look again."""
    asked = (
        draft.conversation_id, sender.tenant, sender.as_client, sender.as_specialist, sender.as_clinic, sender.only,
        sender.id, draft.client_message_id,
    )  # fmt: skip
    place = await db.fetchrow(LOOK, *asked, simulated.get())
    if place is None:
        raise ConversationUnknown
    if place["known_seq"] is not None:
        known = _as_sent(draft, sender, place["known_seq"], place["known_side"], place["known_at"])
        return Delivery(known, frozenset(), None)
    if place["ended"]:
        raise ConversationOver
    sent = _as_sent(draft, sender, place["seq"], place["side"], place["at"])
    digests = await claim_attachments(db, draft.attachments, sent, tenant=sender.tenant)
    sealed = await vault.sealed(draft, sent, place["mode"], digests)
    replies = place["to_client"] and place["unanswered"] and domain.may_reply(draft.form)
    leaves = await _is_farewell(db, draft, tenant=sender.tenant) and place["to_client"]
    said = domain.sent(sent, len(draft.body), tenant=sender.tenant, replies=replies, takes_leave=leaves)
    # The last one is said only if it is so.
    facts = [
        prepare(fact) for fact in (*said, resumed(sent.conversation_id, sent.side, tenant=sender.tenant, now=sent.at))
    ]
    seats = await db.fetchrow(
        KEEP, *asked, sent.seq, place["opened_at"], replies, sent.side, draft.form, sealed.body, sealed.commitment,
        sealed.stamp, draft.attachments, sent.at, uuid7(), *map(list, zip(*facts, strict=True)),
    )  # fmt: skip
    if seats is None:
        return None
    readers = frozenset(who for who in seats.values() if who is not None)
    return Delivery(sent, readers, sealed.as_seen(draft, sent))


async def _is_farewell(db: FastConnection, draft: Draft, *, tenant: str) -> bool:
    if draft.farewell is None:
        return False
    if not fits(await farewell(db, tenant, draft.farewell), draft.body.decode()):
        raise OtherWords
    return True


def _as_sent(draft: Draft, sender: Participant, seq: int, side: Side, at: datetime) -> Sent:
    return Sent(
        conversation_id=draft.conversation_id, seq=seq, side=side, sender_id=sender.id,
        client_message_id=draft.client_message_id, at=at,
    )  # fmt: skip
