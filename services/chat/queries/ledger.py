"""Reads of the access ledger, for the two sides it is about and for whoever signs it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.ledger import Checkpoint, Entry, Head, Proof, tree
from libs.kit.ledger.chain import beginning
from libs.kit.ledger.rows import as_checkpoint
from services.chat.domain import Participant
from services.chat.tables import CheckpointRow, ConversationRow, LedgerEntryRow, LedgerHeadRow, LedgerLeafRow

OF: Final = LedgerEntryRow.subject_id == bindparam("subject")
ENTRIES: Final = (
    select(LedgerEntryRow.n, LedgerEntryRow.payload, LedgerEntryRow.digest)
    .where(OF, LedgerEntryRow.n > bindparam("after"))
    .order_by(LedgerEntryRow.n)
    .limit(bindparam("most"))
)
LATER: Final = select(func.min(LedgerEntryRow.n)).where(OF, LedgerEntryRow.at >= bindparam("since")).scalar_subquery()
BEFORE: Final = (
    select(LedgerEntryRow.n, LedgerEntryRow.digest)
    .where(OF, or_(LATER.is_(None), LedgerEntryRow.n < LATER))
    .order_by(LedgerEntryRow.n.desc())
    .limit(1)
)
HEAD: Final = select(LedgerHeadRow.n, LedgerHeadRow.digest).where(LedgerHeadRow.subject_id == bindparam("subject"))
NEWEST_LEAF: Final = (
    select(LedgerLeafRow.tenant, LedgerLeafRow.number, LedgerLeafRow.place)
    .where(LedgerLeafRow.subject_id == bindparam("subject"))
    .order_by(LedgerLeafRow.number.desc())
    .limit(1)
)
LEAVES: Final = (
    select(LedgerLeafRow.subject_id, LedgerLeafRow.n, LedgerLeafRow.digest)
    .where(LedgerLeafRow.tenant == bindparam("tenant"), LedgerLeafRow.number == bindparam("number"))
    .order_by(LedgerLeafRow.place)
)
CHECKPOINT: Final = select(*CheckpointRow.__table__.c).where(CheckpointRow.tenant == bindparam("tenant"))
NUMBERED: Final = CHECKPOINT.where(CheckpointRow.number == bindparam("number"))
LAST: Final = CHECKPOINT.order_by(CheckpointRow.number.desc()).limit(1)
GROWN: Final = (
    select(LedgerHeadRow.subject_id, LedgerHeadRow.n, LedgerHeadRow.digest)
    .where(LedgerHeadRow.tenant == bindparam("tenant"), LedgerHeadRow.n > LedgerHeadRow.sealed_n)
    .order_by(LedgerHeadRow.subject_id)
    .limit(bindparam("most"))
)
TENANTS: Final = select(LedgerHeadRow.tenant).where(LedgerHeadRow.n > LedgerHeadRow.sealed_n).distinct()


async def ledger_entries(tx: AsyncSession, subject: UUID, *, after: int, limit: int) -> list[Entry]:
    """A chain's entries after a number, in order."""
    found = await tx.execute(ENTRIES, {"subject": subject, "after": after, "most": limit})
    return [Entry(*row) for row in found]


async def ledger_begins(tx: AsyncSession, room: ConversationRow, reader: Participant) -> Head:
    """Where somebody's ledger begins: what was before a later counterpart's time is not theirs to know, only proved."""
    if room.client_id == reader.as_client:
        return beginning(room.id)
    found = (await tx.execute(BEFORE, {"subject": room.id, "since": room.opened_at})).one_or_none()
    return Head(room.id, *found) if found else beginning(room.id)


async def ledger_head(tx: AsyncSession, subject: UUID) -> Head:
    """How far a chain has come."""
    found = (await tx.execute(HEAD, {"subject": subject})).one_or_none()
    return Head(subject, *found) if found else beginning(subject)


async def ledger_proof(tx: AsyncSession, subject: UUID) -> Proof | None:
    """The newest checkpoint that covers a chain, and the way from its head to what was signed."""
    leaf = (await tx.execute(NEWEST_LEAF, {"subject": subject})).one_or_none()
    if leaf is None:
        return None
    named = {"tenant": leaf.tenant, "number": leaf.number}
    heads = [Head(*row) for row in await tx.execute(LEAVES, named)]
    row = (await tx.execute(NUMBERED, named)).one()
    path = tree.inclusion([head.leaf for head in heads], leaf.place)
    return Proof(as_checkpoint(row._mapping, "chat"), heads[leaf.place], leaf.place, path)  # noqa: SLF001 - SQLAlchemy's name


async def last_checkpoint(tx: AsyncSession, tenant: str) -> Checkpoint | None:
    """The one that the next must follow."""
    row = (await tx.execute(LAST, {"tenant": tenant})).one_or_none()
    return as_checkpoint(row._mapping, "chat") if row else None  # noqa: SLF001 - SQLAlchemy's name


async def grown_chains(tx: AsyncSession, tenant: str, *, most: int) -> list[Head]:
    """Chains that have entries which no checkpoint covers."""
    return [Head(*row) for row in await tx.execute(GROWN, {"tenant": tenant, "most": most})]


async def grown_ledgers(tx: AsyncSession) -> Sequence[str]:
    """Tenants that have such chains."""
    return (await tx.scalars(TENANTS)).all()
