"""Sending: a message takes its place, sealed, and once."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from libs.bus.clock import simulated
from libs.bus.outbox import prepare
from libs.kit.sql import FastConnection
from services.chat import domain
from services.chat.commands.attachments import claim_attachments
from services.chat.commands.notifications import plan_notification
from services.chat.domain import ConversationOver, ConversationUnknown, Draft, Participant, Sent
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
# The row lock of the counter is held until commit, so the order of numbers is the order of commits.
NUMBER = f"""
UPDATE conversations c SET last_seq = c.last_seq + 1,
  first_reply_seq = CASE WHEN $10 AND c.purpose = 'request' AND c.client_id IS DISTINCT FROM $3
                         THEN coalesce(c.first_reply_seq, c.last_seq + 1) ELSE c.first_reply_seq END
WHERE {SEATED} AND c.ended_at IS NULL AND NOT EXISTS (
  SELECT FROM messages m WHERE m.conversation_id = $1 AND m.sender_id = $7 AND m.client_message_id = $8)
RETURNING c.last_seq AS seq, c.first_reply_seq = c.last_seq AS replies, c.privacy_mode AS mode, c.client_id,
  c.purpose = 'request' AND c.client_id IS DISTINCT FROM $3 AS to_client,
  CASE WHEN c.released_at IS NULL THEN c.counterpart_id END AS counterpart_id,
  CASE WHEN c.client_id = $3 THEN 'client' ELSE c.counterpart_side END AS side,
  coalesce($9::timestamptz, clock_timestamp()) AS at
"""  # noqa: S608 - nothing in it comes from outside
KEEP = """
WITH said AS (
  INSERT INTO outbox (topic, slot, key, value) SELECT * FROM unnest($12::text[], $13::int[], $14::uuid[], $15::bytea[]))
INSERT INTO messages (conversation_id, seq, tenant, side, sender_id, client_message_id, form, body, commitment, stamp,
  attachments, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $16)
"""
KNOWN = f"""
SELECT c.ended_at, c.erased_at, m.seq, m.side, m.at FROM conversations c
LEFT JOIN messages m ON m.conversation_id = c.id AND m.sender_id = $7 AND m.client_message_id = $8
WHERE {SEATED}
"""  # noqa: S608 - nothing in it comes from outside


class Delivery(NamedTuple):
    """A message that was sent: its place, who may read it, and what its readers see; None if it was sent before."""

    sent: Sent
    readers: frozenset[UUID]
    message: domain.Message | None


async def send_message(db: FastConnection, vault: Vault, draft: Draft, *, sender: Participant) -> Delivery:
    """Seal and keep a message, if its sender is on a side at this very moment; sent again, it is the same message."""
    try:
        return await _send(db, vault, draft, sender)
    except asyncpg.UniqueViolationError:
        # The same message came twice at once, and the other one was first.
        return await _send(db, vault, draft, sender)


async def _send(db: FastConnection, vault: Vault, draft: Draft, sender: Participant) -> Delivery:
    asked = (
        draft.conversation_id, sender.tenant, sender.as_client, sender.as_specialist, sender.as_clinic, sender.only,
        sender.id, draft.client_message_id,
    )  # fmt: skip
    async with db.transaction():
        place = await db.fetchrow(NUMBER, *asked, simulated.get(), domain.may_reply(draft.form))
        if place is None:
            return await _sent_before(db, draft, sender, asked)
        sent = _as_sent(draft, sender, place)
        digests = await claim_attachments(db, draft.attachments, sent, tenant=sender.tenant)
        sealed = await vault.sealed(draft, sent, place["mode"], digests)
        leaves = await _is_farewell(db, draft, tenant=sender.tenant) and place["to_client"]
        said = domain.sent(
            sent, len(draft.body), tenant=sender.tenant, replies=bool(place["replies"]), takes_leave=leaves
        )
        facts = [prepare(fact) for fact in said]
        await db.execute(
            KEEP, sent.conversation_id, sent.seq, sender.tenant, sent.side, sent.sender_id, sent.client_message_id,
            draft.form, sealed.body, sealed.commitment, sealed.stamp, list(draft.attachments),
            [fact.topic for fact in facts], [fact.slot for fact in facts], [fact.key for fact in facts],
            [fact.value for fact in facts], sent.at,
        )  # fmt: skip
        await plan_notification(db, sent, tenant=sender.tenant)
    readers = frozenset(who for who in (place["client_id"], place["counterpart_id"]) if who is not None)
    return Delivery(sent, readers, sealed.as_seen(draft, sent))


async def _is_farewell(db: FastConnection, draft: Draft, *, tenant: str) -> bool:
    if draft.farewell is None:
        return False
    if not fits(await farewell(db, tenant, draft.farewell), draft.body.decode()):
        raise OtherWords
    return True


async def _sent_before(db: FastConnection, draft: Draft, sender: Participant, asked: tuple[Any, ...]) -> Delivery:
    known = await db.fetchrow(KNOWN, *asked)
    if known is None:
        raise ConversationUnknown
    if known["seq"] is None:
        raise ConversationOver
    return Delivery(_as_sent(draft, sender, known), frozenset(), None)


def _as_sent(draft: Draft, sender: Participant, place: Any) -> Sent:
    at: datetime = place["at"]
    return Sent(
        conversation_id=draft.conversation_id, seq=place["seq"], side=place["side"], sender_id=sender.id,
        client_message_id=draft.client_message_id, at=at,
    )  # fmt: skip
