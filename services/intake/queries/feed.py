"""What the feed shows, to whom, and what happened in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import RowMapping, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Category, Kind, Locale
from libs.kit.sql import FastConnection
from services.intake.domain import Age, Racer
from services.intake.tables import SpecialistRow

# What a card is made of, and whom it is for; how to reach the client is not among it (B2, B3).
CARD = """
r.id, r.tenant, r.number, r.category, r.opened_at, greatest(r.shown_at, r.danger_at) AS since, r.kind,
r.danger_at IS NOT NULL AS urgent, r.direct_to, r.age, r.locale, ARRAY(
  SELECT specialist_id FROM bars b WHERE b.request_id = r.id
  UNION ALL SELECT specialist_id FROM avoidances a WHERE a.tenant = r.tenant AND a.client_id = r.client_id
) AS barred
"""
ENTRIES = f"""
SELECT f.position, f.gone, {CARD} FROM feed_log f JOIN requests r ON r.id = f.request_id
WHERE f.position > $1 ORDER BY f.position
"""  # noqa: S608 - put together from what stands above
NEWS = """
SELECT EXISTS (SELECT FROM feed_log WHERE position IS NULL) AS unnumbered,
  EXISTS (SELECT FROM feed_log WHERE position > $1) AS newer
"""
# The newest of each tenant, or of this one, the oldest of them first.
OPEN = f"""
SELECT {CARD} FROM requests r JOIN (
  SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY greatest(shown_at, danger_at) DESC, id DESC) AS age
  FROM requests WHERE accepted_by IS NULL AND closed_at IS NULL AND ($2::text IS NULL OR tenant = $2)
) newest USING (id)
WHERE newest.age <= $1 ORDER BY r.tenant, newest.age DESC
"""  # noqa: S608 - put together from what stands above
TOP = "SELECT coalesce(max(position), 0) FROM feed_log"
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
    since: datetime
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


class News(NamedTuple):
    """Whether something happened that has no place in the order yet, and whether something has a later one."""

    unnumbered: bool
    newer: bool


async def entries_after(db: FastConnection, position: int) -> Sequence[Entry]:
    """What happened since, in order, in every tenant."""
    return [Entry(row["position"], row["gone"], _card(row)) for row in await db.fetch(ENTRIES, position)]


async def news_after(db: FastConnection, position: int) -> News:
    """What the feed asks ten times a second, and mostly in vain."""
    [row] = await db.fetch(NEWS, position)
    return News(*row)


async def top_of(db: FastConnection) -> int:
    """The position of what happened last."""
    return int(await db.fetchval(TOP))


async def open_cards(db: FastConnection, most: int, tenant: str | None = None) -> Sequence[Card]:
    """The newest that are there to accept, in every tenant or in one, oldest first."""
    return [_card(row) for row in await db.fetch(OPEN, most, tenant)]


async def racers_of(tx: AsyncSession, ids: Sequence[UUID]) -> dict[tuple[str, UUID], Racer]:
    """These specialists as the feed sees them, by tenant and id."""
    found = (await tx.execute(READERS, {"ids": list(ids)})).mappings()
    return {(row["tenant"], row["id"]): racer_in(row) for row in found}


def racer_in(row: asyncpg.Record | RowMapping) -> Racer:
    """A specialist as the feed sees them, from a row that has as much of them."""
    return Racer(
        row["id"], on_duty_until=row["on_duty_until"], accepts_minors=row["accepts_minors"],
        languages=frozenset(row["languages"]),
    )  # fmt: skip


def _card(row: asyncpg.Record) -> Card:
    return Card(
        row["id"], row["tenant"], row["number"], row["category"], row["opened_at"], row["since"], row["kind"],
        row["urgent"], row["direct_to"], row["age"], row["locale"], frozenset(row["barred"]),
    )  # fmt: skip
