"""The journal as specialists read it, across builds: what changed when, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.stats.domain import METRICS

# What a build wrote before it was live, it wrote while it was being built: nobody was shown that.
CHANGES = text(f"""
    SELECT recorded_at, journal.number, entity_kind, entity_id, day, event_id, decision_id, {", ".join(METRICS)}
    FROM journal LEFT JOIN generations ON generations.number = generation
    WHERE specialist_id = :specialist_id AND recorded_at BETWEEN :first AND :last
        AND CASE WHEN generations.number IS NULL THEN generation = 1
            ELSE recorded_at >= live_from AND (live_until IS NULL OR recorded_at < live_until) END
        AND (CAST(:after AS timestamptz) IS NULL
            OR (recorded_at, journal.number) > (CAST(:after AS timestamptz), CAST(:after_number AS bigint)))
    ORDER BY recorded_at, journal.number LIMIT :most
""")  # noqa: S608 - put together from the names of the metrics


async def changes(
    tx: AsyncSession, specialist_id: UUID, first: datetime, last: datetime, *, after: list[Any] | None, limit: int
) -> Sequence[RowMapping]:
    """The lines of the journal, in the order in which they were written."""
    moment, number = after or (None, None)
    asked = {
        "specialist_id": specialist_id, "first": first, "last": last, "after": moment, "after_number": number,
        "most": limit,
    }  # fmt: skip
    return (await tx.execute(CHANGES, asked)).mappings().all()
