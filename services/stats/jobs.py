"""What time causes: benchmarks at night, statuses of months that are over, builds that go on, and proof by sample."""

from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy import text

from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.stats import commands, queries
from services.stats.domain import month_before, month_of, utc_day

MONTHS = 3  # that a decision of today may still change
SAMPLED = 1000  # counted days; their specialists are recomputed
TENANTS = text("SELECT DISTINCT tenant FROM counters")
CHECKED = Counter("dovira_stats_oracle_checked_total", "Specialists whose counters were recomputed.")
MISMATCHED = Counter("dovira_stats_oracle_mismatch_total", "Days whose counters were not what the facts come to.")
log = structlog.get_logger()


async def tenants(database: Database) -> list[str]:
    """Whose figures are kept here."""
    async with database.session(EVERY_TENANT, read_only=True) as tx:
        return sorted((await tx.scalars(TENANTS)).all())


async def publish_benchmarks(database: Database, now: datetime) -> None:
    """Once a day for each tenant, at the first run after midnight."""
    for tenant in await tenants(database):
        async with database.session(tenant) as tx:
            await commands.publish_benchmark(tx, tenant, now=now, unless_of=utc_day(now))


async def judge_months(database: Database, now: datetime) -> None:
    """Give the statuses of the last months, and change those whose past has changed."""
    months = [month_before(month_of(utc_day(now)))]
    while len(months) < MONTHS:
        months.append(month_before(months[-1]))
    for tenant in await tenants(database):
        for month in reversed(months):
            judged = commands.AT_ONCE
            while judged == commands.AT_ONCE:
                async with database.session(tenant) as tx:
                    judged = await commands.judge_some(tx, tenant, month)


async def carry_on_building(database: Database, now: datetime) -> None:
    """Bring a build that is under way one step further."""
    await commands.carry_on(database, now=now)


async def reconcile(database: Database, now: datetime) -> None:
    """Recompute some specialists by another path; what does not agree is counted, and must never be."""
    async with database.session(EVERY_TENANT, read_only=True) as tx:
        build = await queries.build_at(tx, now)
        for specialist_id, tenant in await queries.sampled(tx, generation=build.number, days=SAMPLED):
            found = await queries.mismatches(tx, specialist_id, tenant, generation=build.number, policy=build.policy)
            CHECKED.inc()
            if found:
                MISMATCHED.inc(len(found))
                log.error("stats.mismatch", specialist_id=str(specialist_id), days=len(found))


jobs = (
    Job("publish_benchmarks", timedelta(hours=1), publish_benchmarks),
    Job("judge_months", timedelta(hours=1), judge_months),
    Job("carry_on_building", timedelta(seconds=2), carry_on_building),
    Job("reconcile", timedelta(hours=1), reconcile),
)
