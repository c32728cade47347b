"""What a decision would do, asked of the very function that will do it."""

from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.stats.domain import READ, Cells, Engagement, RequestUnknown, Ruling, change
from services.stats.queries.builds import Build

STATES = text("""
    SELECT asked.id, CAST(state AS text) FROM unnest(CAST(:ids AS uuid[])) AS asked (id) CROSS JOIN LATERAL (
        SELECT state, day FROM states WHERE generation = :generation AND kind = 'engagement' AND id = asked.id
            AND specialist_id = :specialist_id OFFSET 0) AS known
    WHERE day IS NOT NULL
""")


async def supposed(
    tx: AsyncSession, specialist_id: UUID, build: Build, rulings: Mapping[UUID, Ruling]
) -> list[tuple[date, Cells]]:
    """What would be added to the counters of which days, if support ruled so. Raises RequestUnknown."""
    asked = {"generation": build.number, "specialist_id": specialist_id, "ids": list(rulings)}
    known = {id: READ["engagement"].decode(state) for id, state in (await tx.execute(STATES, asked)).all()}
    if unknown := rulings.keys() - known.keys():
        raise RequestUnknown(unknown)
    return [delta for id, ruling in rulings.items() for delta in _ruled(known[id], ruling, build)]


def _ruled(known: Engagement, ruling: Ruling, build: Build) -> Iterator[tuple[date, Cells]]:
    """The next version of what support has decided so far."""
    version = known.ruling.version + 1 if known.ruling else 1
    yield from change(known, known.join(Engagement(ruling=ruling._replace(version=version))), build.policy)
