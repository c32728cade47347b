"""What the feed shows, to whom, and what happened in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, bindparam, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Category, Kind, Locale
from libs.kit.sql import FastConnection
from services.intake.domain import Age, Racer
from services.intake.tables import AvoidanceRow, BarRow, FeedEntryRow, RequestRow, SpecialistRow

_kept_from = union_all(
    select(BarRow.specialist_id).where(BarRow.request_id == RequestRow.id).correlate(RequestRow),
    select(AvoidanceRow.specialist_id)
    .where(AvoidanceRow.tenant == RequestRow.tenant, AvoidanceRow.client_id == RequestRow.client_id)
    .correlate(RequestRow),
).subquery()
BARRED = select(func.array_agg(_kept_from.c.specialist_id)).scalar_subquery().label("barred")
# What a card is made of, and whom it is for; how to reach the client is not among it (B2, B3).
CARD = (
    RequestRow.id, RequestRow.tenant, RequestRow.number, RequestRow.category, RequestRow.opened_at, RequestRow.kind,
    RequestRow.danger_at.is_not(None).label("urgent"), RequestRow.direct_to, RequestRow.age, RequestRow.locale, BARRED,
)  # fmt: skip
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
_age = func.row_number().over(partition_by=RequestRow.tenant, order_by=RequestRow.shown_at.desc())
_newest = (
    select(RequestRow.id, _age.label("age"))
    .where(RequestRow.accepted_by.is_(None), RequestRow.closed_at.is_(None))
    .subquery()
)
OPEN = (
    select(*CARD)
    .join(_newest, _newest.c.id == RequestRow.id)
    .where(_newest.c.age <= bindparam("most"))
    .order_by(_newest.c.age.desc())
)
READERS = select(
    SpecialistRow.id, SpecialistRow.tenant, SpecialistRow.on_duty_until, SpecialistRow.accepts_minors,
    SpecialistRow.languages,
).where(SpecialistRow.id == func.any(bindparam("ids")))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """All that the feed shows of a request, and whom it shows it to."""

    id: UUID
    tenant: str
    number: int
    category: Category
    opened_at: datetime
    kind: Kind
    urgent: bool
    direct_to: UUID | None
    age: Age
    locale: Locale
    barred: frozenset[UUID]


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


async def racers_of(tx: AsyncSession, ids: Sequence[UUID]) -> dict[tuple[str, UUID], Racer]:
    """These specialists as the feed sees them, by tenant and id."""
    return {
        (row.tenant, row.id): Racer(
            row.id,
            on_duty_until=row.on_duty_until,
            accepts_minors=row.accepts_minors,
            languages=frozenset(row.languages),
        )
        for row in await tx.execute(READERS, {"ids": list(ids)})
    }


def _card(row: Row[*tuple[object, ...]]) -> Card:
    return Card(
        row.id, row.tenant, row.number, row.category, row.opened_at, row.kind, row.urgent, row.direct_to, row.age,
        row.locale, frozenset(row.barred or ()),
    )  # fmt: skip
