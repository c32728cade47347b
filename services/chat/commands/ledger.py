"""Writing down who reads, and signing it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.outbox import publish
from libs.events.chat import LookReason
from libs.kit.ledger import Checkpoint, Head, Signer, genesis
from services.chat import queries
from services.chat.domain.ledger import Reader, Reading, Use, log_of, sealed

MOST: Final = 4096  # chains in one checkpoint, so that a proof is found and made in milliseconds
# One statement: the head's row lock makes entries follow one another, and nothing else of the conversation waits.
ENTER: Final = text("""
WITH head AS (
  INSERT INTO ledger_heads AS h (subject_id, tenant, n, digest, sealed_n)
  VALUES (:subject, :tenant, 1, sha256(CAST(:genesis AS bytea) || int8send(1) || CAST(:payload AS bytea)), 0)
  ON CONFLICT (subject_id) DO UPDATE
  SET n = h.n + 1, digest = sha256(h.digest || int8send(h.n + 1) || CAST(:payload AS bytea))
  RETURNING n, digest)
INSERT INTO ledger_entries (subject_id, n, tenant, at, payload, digest)
SELECT :subject, head.n, :tenant, :at, CAST(:payload AS bytea), head.digest FROM head RETURNING n
""")
ALONE: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('chat ledger'), hashtext(:tenant))")
KEEP: Final = text("""
INSERT INTO checkpoints (tenant, number, at, root, size, previous, signed_with, signature)
VALUES (:tenant, :number, :at, :root, :size, :previous, :key, :signature)
""")
COVER: Final = text("""
WITH covered AS (
  INSERT INTO ledger_leaves (tenant, number, place, subject_id, n, digest)
  SELECT :tenant, :number, leaf.place - 1, leaf.subject_id, leaf.n, leaf.digest
  FROM unnest(CAST(:subjects AS uuid[]), CAST(:ns AS int[]), CAST(:digests AS bytea[]))
    WITH ORDINALITY AS leaf (subject_id, n, digest, place)
  RETURNING subject_id, n)
UPDATE ledger_heads h SET sealed_n = covered.n FROM covered WHERE h.subject_id = covered.subject_id
""")


async def note_reading(
    tx: AsyncSession, conversation_id: UUID, *, tenant: str, reader: UUID, side: Reader, use: Use,
    first_seq: int | None, last_seq: int | None, now: datetime, ticket_id: UUID | None = None,
    reason: LookReason | None = None,
) -> int:  # fmt: skip
    """Enter one use of the conversation's key, in the transaction that reads; its number in the chain."""
    reading = Reading(
        at=now, reader=reader, side=side, use=use, first_seq=first_seq, last_seq=last_seq, ticket_id=ticket_id,
        reason=reason,
    )  # fmt: skip
    entered = await tx.execute(
        ENTER,
        {
            "subject": conversation_id, "tenant": tenant, "genesis": genesis(conversation_id), "at": now,
            "payload": reading.encoded(),
        },
    )  # fmt: skip
    n: int = entered.scalar_one()
    return n


async def seal_ledger(tx: AsyncSession, signer: Signer, *, tenant: str, now: datetime) -> bool:
    """Sign how far the chains of a tenant have come, if it is time to and nobody else does; whether more is left."""
    if not await tx.scalar(ALONE, {"tenant": tenant}):
        return False
    grown = await queries.grown_chains(tx, tenant, most=MOST)
    last = await queries.last_checkpoint(tx, tenant)
    rules = (await queries.rules_of(tx, tenant)).evidence
    rests = last is not None and now < last.at + rules.ledger_sealed_every
    if not grown or (rests and len(grown) < MOST):
        return False
    named = (last.number, last.digest) if last else None
    checkpoint = signer.checkpoint(log_of(tenant), grown, at=max(now, last.at) if last else now, last=named)
    await _keep(tx, tenant, checkpoint, grown)
    await publish(tx, sealed(checkpoint, tenant))
    return len(grown) == MOST


async def _keep(tx: AsyncSession, tenant: str, checkpoint: Checkpoint, heads: list[Head]) -> None:
    await tx.execute(
        KEEP,
        {
            "tenant": tenant, "number": checkpoint.number, "at": checkpoint.at, "root": checkpoint.root,
            "size": checkpoint.size, "previous": checkpoint.previous, "key": checkpoint.key,
            "signature": checkpoint.signature,
        },
    )  # fmt: skip
    await tx.execute(
        COVER,
        {
            "tenant": tenant, "number": checkpoint.number, "subjects": [head.subject for head in heads],
            "ns": [head.n for head in heads], "digests": [head.digest for head in heads],
        },
    )  # fmt: skip
