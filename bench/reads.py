"""How long somebody waits for a specialist's figures over HTTP when a million requests have been counted."""

import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import httpx
import psutil
from sqlalchemy import text

from bench.figures import Contest, Ground, Line, Run, Sample, Taken, cpu, database_cpu
from bench.history import TENANT
from bench.meter import stopwatch
from bench.processes import process
from bench.projector import database_of, emptied
from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.issuer import DevIssuer
from libs.kit.ports import free_port
from libs.kit.settings import PlatformSettings
from services.stats import service
from services.stats.domain import METRICS, utc_day

SPECIALISTS, DAYS, READS, MOST_MS = 5_000, 365, 1_000, 10.0
OFTEN = {"won": 0.3, "lost": 0.7, "contacts": 1.0, "views": 9.0}
# Of 5,000 specialists a year with 200 requests each: a million requests, and 1.8 million counted days.
FILL = f"""
    INSERT INTO counters (generation, specialist_id, day, tenant, {", ".join(METRICS)})
    SELECT 1, CAST(md5(CAST(who AS text)) AS uuid), CAST(:today AS date) - ago, :tenant,
        {", ".join(f"CAST(random() * {OFTEN.get(metric, 0.5)} AS int)" for metric in METRICS)}
    FROM generate_series(1, :specialists) AS who, generate_series(0, :days - 1) AS ago
"""  # noqa: S608 - put together from the names of the metrics
NAMES = text("SELECT CAST(md5(CAST(who AS text)) AS uuid) FROM generate_series(1, :specialists) AS who")


@asynccontextmanager
async def reads(ground: Ground) -> AsyncIterator[Contest]:
    """The real process of stats, on counters of a year that were written at once."""
    specialists, waited = await _filled(ground, SPECIALISTS // 10 if ground.quick else SPECIALISTS), list[float]()
    with tempfile.TemporaryDirectory() as run_dir:
        port = free_port()
        environment = {"DATABASE_URL": ground.admin, "DOVIRA_RUN_DIR": run_dir, "DOVIRA_PORT": str(port)}
        issuer = DevIssuer(PlatformSettings(run_dir=Path(run_dir), port=port))
        token = issuer.token(Principal(uuid7(), TENANT, "support", frozenset({"support"})))
        url = f"http://127.0.0.1:{port}"
        async with process("services", "stats", "--api", environment=environment, ready=f"{url}/readyz") as stats:
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
                yield Contest({"figures": _reading(client, stats, specialists, waited)}, lambda it: _lines(it, waited))


async def _filled(ground: Ground, specialists: int) -> Sequence[UUID]:
    engine = await database_of(ground)
    await emptied(engine, service.metadata)
    asked = {"today": utc_day(clock.now()), "tenant": TENANT, "specialists": specialists, "days": DAYS}
    async with engine.begin() as tx:
        await tx.execute(text("SELECT set_config('app.tenant', '*', true)"))
        await tx.execute(text(FILL), asked)
        found = (await tx.scalars(NAMES, {"specialists": specialists})).all()
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE counters"))
    await engine.dispose()
    return found


def _reading(client: httpx.AsyncClient, stats: psutil.Process, specialists: Sequence[UUID], waited: list[float]) -> Run:
    """One reads after another, each of another specialist."""

    async def run() -> Sample:
        chance = random.Random(1)
        with stopwatch(stats) as watch:
            for _ in range(READS):
                path, began = f"/stats/v1/specialists/{chance.choice(specialists)}/figures", time.perf_counter()
                answer = await client.get(path)
                waited.append(time.perf_counter() - began)
                answer.raise_for_status()
        return watch.sample(READS)

    return run


def _lines(taken: Taken, waited: Sequence[float]) -> list[Line]:
    p50, p99 = 1e3 * median(waited), 1e3 * quantiles(waited, n=100)[98]
    (ours,) = taken.values()
    return [
        Line(
            "figures over HTTP, ms p50 / p99", f"{p50:.1f} / {p99:.1f}", "", "", f"p99 ≤ {MOST_MS:.0f}", p99 <= MOST_MS
        ),
        Line("figures over HTTP, CPU us/request", f"{cpu(ours):,.0f} + {database_cpu(ours):,.0f} PostgreSQL"),
    ]
