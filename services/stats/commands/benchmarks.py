"""Publishing what figures are compared with."""

from datetime import date, datetime

from msgspec import to_builtins
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.stats import BenchmarkPublished
from services.stats import queries
from services.stats.domain import Benchmark, fitted, utc_day
from services.stats.tables import BenchmarkRow

# Nightly work over everybody's counters may take longer than an answer to somebody who waits.
PATIENCE = text("SET LOCAL statement_timeout = '10min'")
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('stats.benchmarks'), hashtext(:tenant))")


async def publish_benchmark(
    tx: AsyncSession, tenant: str, *, now: datetime, unless_of: date | None = None
) -> Benchmark | None:
    """Fit a tenant's benchmark to what its specialists have come to, and let figures be compared with it from now on.

    None if nothing is counted yet, or if the newest is of the day `unless_of` already.
    """
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant})
    await tx.execute(PATIENCE)
    basis = await queries.basis(tx, known_at=None, now=now, as_of=utc_day(now))
    newest, as_of = basis.by.benchmark, basis.by.as_of
    if newest.number and newest.as_of == unless_of:
        return None
    seen = await queries.seen(tx, basis.build, newest, as_of)
    if not seen.shares and not seen.reviews:
        return None
    benchmark = fitted(newest.number + 1, as_of, seen, basis.build.policy)
    id = uuid7()
    tx.add(
        BenchmarkRow(
            tenant=tenant, number=benchmark.number, id=id, as_of=as_of, published_at=now, body=to_builtins(benchmark)
        )
    )
    await publish(tx, BenchmarkPublished(tenant=tenant, at=now, benchmark_id=id, number=benchmark.number, as_of=as_of))
    return benchmark
