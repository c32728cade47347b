"""Who has read: shown to the two sides, and provable to anybody (R14)."""

from typing import Annotated

from fastapi import Query

from libs.kit.http import PUBLIC, Router, Snapshot
from libs.kit.problems import documented
from services.chat import queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.domain import ConversationUnknown
from services.chat.schemas import AccessLedger, LedgerEntry, LedgerHead, LedgerKeys, LedgerProof

LATEST = 2**31 - 1
routes = Router(prefix="/v1", tags=["evidence"])


@routes.get("/conversations/{conversation_id}/access-ledger", responses=documented(ConversationUnknown))
async def show_access_ledger(
    conversation_id: ConversationId,
    reader: Someone,
    tx: Snapshot,
    *,
    after: Annotated[int, Query(ge=0, le=LATEST, description="The number of the last entry that you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AccessLedger:
    """Every use of the key that reads this conversation, each hashed with all before it, and our signature on it.

    Keep all pages as they are, and /v1/ledger-keys: `python -m libs.kit.ledger verify` says whether they are true, and
    whether a ledger that you fetch later still says the same. It proves what this service has read; see
    docs/ledger.md for what it cannot prove.
    """
    room = await queries.conversation(tx, conversation_id, reader)
    begins = await queries.ledger_begins(tx, room, reader)
    first = max(after, begins.n)
    found = await queries.ledger_entries(tx, conversation_id, after=first, limit=limit + 1)
    proof = await queries.ledger_proof(tx, conversation_id)
    entries = found[:limit]
    return AccessLedger(
        subject_id=conversation_id,
        since=LedgerHead.of(begins),
        entries=[LedgerEntry.of(entry) for entry in entries],
        next=entries[-1].n if len(found) > limit else None,
        head=LedgerHead.of(await queries.ledger_head(tx, conversation_id)),
        proof=LedgerProof.of(proof) if proof and proof.head.n >= begins.n else None,
    )


@routes.get("/ledger-keys", policy=PUBLIC)
async def list_ledger_keys(held: Held) -> LedgerKeys:
    """The keys that sign checkpoints, old ones among them, as a JWK set."""
    return LedgerKeys.model_validate(held.signer.jwks())
