"""What specialists may know of their figures, and support of its tenant's."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.stats.domain import Conversion, Span, Window
from services.stats.tables import CounterRow, EngagementRow, JournalRow

COUNTED = (
    select(CounterRow.metric, func.sum(CounterRow.n))
    .where(
        CounterRow.specialist_id == bindparam("specialist_id"),
        CounterRow.day.between(bindparam("first"), bindparam("last")),
    )
    .group_by(CounterRow.metric)
)
KNOWN = (
    select(JournalRow.metric, func.sum(JournalRow.delta))
    .where(
        JournalRow.specialist_id == bindparam("specialist_id"),
        JournalRow.recorded_at <= bindparam("known_at"),
        JournalRow.day.between(bindparam("first"), bindparam("last")),
    )
    .group_by(JournalRow.metric)
)


async def conversion(
    tx: AsyncSession, specialist_id: UUID, window: Window, *, known_at: datetime | None = None
) -> Conversion:
    """What the engagements begun in a window have come to: by the counters, or by the journal as it stood then."""
    asked = {"specialist_id": specialist_id, "first": window.first, "last": window.last}
    if known_at is None:
        rows = await tx.execute(COUNTED, asked)
    else:
        rows = await tx.execute(KNOWN, asked | {"known_at": known_at})
    return Conversion(**{metric: int(n) for metric, n in rows.all()})


async def engagements(
    tx: AsyncSession, specialist_id: UUID, window: Window, *, after: list[Any] | None, limit: int
) -> Sequence[EngagementRow]:
    """The engagements behind a figure, in the order in which they began."""
    first, behind = (datetime.combine(day, time(), UTC) for day in (window.first, window.last + timedelta(days=1)))
    asked = select(EngagementRow).where(
        EngagementRow.specialist_id == specialist_id, EngagementRow.opened_at >= first, EngagementRow.opened_at < behind
    )
    if after is not None:
        asked = asked.where(tuple_(EngagementRow.opened_at, EngagementRow.request_id) > tuple_(*after))
    return (await tx.scalars(asked.order_by(EngagementRow.opened_at, EngagementRow.request_id).limit(limit))).all()


async def changes(
    tx: AsyncSession, specialist_id: UUID, span: Span, *, after: list[Any] | None, limit: int
) -> Sequence[JournalRow]:
    """The lines of the journal, in the order in which they were written."""
    asked = select(JournalRow).where(
        JournalRow.specialist_id == specialist_id, JournalRow.recorded_at.between(span.first, span.last)
    )
    if after is not None:
        asked = asked.where(tuple_(JournalRow.recorded_at, JournalRow.id) > tuple_(*after))
    return (await tx.scalars(asked.order_by(JournalRow.recorded_at, JournalRow.id).limit(limit))).all()
