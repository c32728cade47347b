"""Judging months: each once it is over, and again when its past is rewritten, by the benchmark of the first time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec.json import encode
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import clock, publish
from libs.events.stats import StatusChanged
from services.stats import queries
from services.stats.domain import last_of, month_before, status, windows, zones

AT_ONCE = 100
# Who had anything to do lately and has not been judged for the month, or not since their past changed.
DUE = text("""
    SELECT specialist_id FROM counters WHERE generation = :generation AND day BETWEEN :first AND :last
    EXCEPT SELECT specialist_id FROM statuses WHERE month = :month
    UNION
    SELECT specialist_id FROM statuses WHERE month = :month AND EXISTS (
        SELECT FROM journal WHERE generation = :generation AND journal.specialist_id = statuses.specialist_id
            AND recorded_at > judged_at AND day <= :last)
    ORDER BY specialist_id LIMIT :most
""")
EARLIER = text("""
    SELECT month, status, benchmark_number FROM statuses WHERE specialist_id = :specialist_id AND month <= :month
    ORDER BY month DESC LIMIT :most
""")
KEEP = text("""
    INSERT INTO statuses (specialist_id, month, tenant, status, overall, zones, policy_version, benchmark_number,
        judged_at)
    VALUES (:specialist_id, :month, :tenant, :status, :overall, CAST(:zones AS jsonb), :policy_version,
        :benchmark_number, :judged_at)
    ON CONFLICT (specialist_id, month, tenant) DO UPDATE SET status = excluded.status, overall = excluded.overall,
        zones = excluded.zones, policy_version = excluded.policy_version, judged_at = excluded.judged_at
""")
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('stats.statuses'), hashtext(:tenant))")


async def judge_some(tx: AsyncSession, tenant: str, month: date) -> int:
    """Judge the month of up to AT_ONCE of a tenant's specialists for whom that is due; gives back of how many."""
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant})
    now = clock.now()  # what is recorded after this moment makes it due again
    build = await queries.build_at(tx, now)
    asked = {
        "generation": build.number, "first": month_before(month), "last": last_of(month), "month": month,
        "most": AT_ONCE,
    }  # fmt: skip
    due = (await tx.scalars(DUE, asked)).all()
    for specialist_id in due:
        await judge(tx, tenant, specialist_id, month, now=now)
    return len(due)


async def judge(tx: AsyncSession, tenant: str, specialist_id: UUID, month: date, *, now: datetime) -> None:
    """Judge one month of one specialist, and say so if that is news."""
    known, before = await _earlier(tx, specialist_id, month)
    basis = await queries.basis(
        tx, known_at=None, now=now, as_of=last_of(month), number=known.benchmark_number if known else None
    )
    figures = await queries.read_figures(tx, specialist_id, basis, windows(basis.by.policy, basis.by.as_of))
    judged = zones(figures, basis.by.policy)
    after = status(figures.overall, judged, [row.status for row in before], basis.by.policy)
    await tx.execute(KEEP, {
        "specialist_id": specialist_id, "month": month, "tenant": tenant, "status": after,
        "overall": figures.overall, "zones": encode(judged).decode(), "policy_version": basis.build.policy_version,
        "benchmark_number": basis.by.benchmark.number, "judged_at": now,
    })  # fmt: skip
    if known is None or known.status != after:
        changed = StatusChanged(
            tenant=tenant, at=now, specialist_id=specialist_id, month=month,
            before=known.status if known else None, after=after, restated=known is not None,
        )  # fmt: skip
        await publish(tx, changed)


async def _earlier(tx: AsyncSession, specialist_id: UUID, month: date) -> tuple[Row[Any] | None, Sequence[Row[Any]]]:
    """How the month was judged, if it was, and the months before it, the latest first."""
    build_on = 12
    rows = (await tx.execute(EARLIER, {"specialist_id": specialist_id, "month": month, "most": build_on})).all()
    known = rows[0] if rows and rows[0].month == month else None
    return known, rows[1:] if known else rows
