"""What the feed shows, and what happened in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Category, Kind
from libs.kit.sql import FastConnection
from services.intake.tables import FeedEntryRow, RequestRow

# What a card is made of; how to reach the client is not among it (B2, B3).
CARD = (RequestRow.id, RequestRow.tenant, RequestRow.number, RequestRow.category, RequestRow.opened_at, RequestRow.kind)
ENTRIES = (
    select(FeedEntryRow.position, FeedEntryRow.gone, *CARD)
    .join(RequestRow, RequestRow.id == FeedEntryRow.request_id)
    .where(FeedEntryRow.position > bindparam("position"))
    .order_by(FeedEntryRow.position)
)
UNNUMBERED = select(select(FeedEntryRow.id).where(FeedEntryRow.position.is_(None)).exists())
NEWS = """
SELECT EXISTS (SELECT FROM feed_log WHERE position IS NULL) OR EXISTS (SELECT FROM feed_log WHERE position > $1)
"""
TOP = select(func.coalesce(func.max(FeedEntryRow.position), 0))
_age = func.row_number().over(partition_by=RequestRow.tenant, order_by=RequestRow.opened_at.desc())
_newest = (
    select(*CARD, _age.label("age"))
    .where(RequestRow.accepted_by.is_(None), RequestRow.deactivated_at.is_(None))
    .subquery()
)
OPEN = (
    select(*(_newest.c[column.key] for column in CARD))
    .where(_newest.c.age <= bindparam("most"))
    .order_by(_newest.c.age.desc())
)


@dataclass(frozen=True, slots=True)
class Card:
    """All that the feed shows of a request."""

    id: UUID
    tenant: str
    number: int
    category: Category
    opened_at: datetime
    kind: Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """A card that came, or went."""

    position: int
    gone: bool
    card: Card


async def entries_after(tx: AsyncSession, position: int) -> Sequence[Entry]:
    """What happened since, in order, in every tenant."""
    rows = await tx.execute(ENTRIES, {"position": position})
    return [Entry(row.position, row.gone, _card(row)) for row in rows]


async def anything_after(db: FastConnection, position: int) -> bool:
    """Whether anything happened since: what the feed asks ten times a second, and mostly in vain."""
    return bool(await db.fetchval(NEWS, position))


async def unnumbered(tx: AsyncSession) -> bool:
    """Whether something happened that has no place in the order yet."""
    return bool(await tx.scalar(UNNUMBERED))


async def top_of(tx: AsyncSession) -> int:
    """The position of what happened last."""
    return await tx.scalar(TOP) or 0


async def open_cards(tx: AsyncSession, most: int) -> Sequence[Card]:
    """What is there to accept, in every tenant, oldest first."""
    return [_card(row) for row in await tx.execute(OPEN, {"most": most})]


def _card(row: Row[*tuple[object, ...]]) -> Card:
    return Card(row.id, row.tenant, row.number, row.category, row.opened_at, row.kind)
