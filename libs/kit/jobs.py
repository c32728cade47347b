"""What time causes: functions run at intervals, which log their failures and go on."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from libs.kit import clock
from libs.kit.idempotency import FORGET, KEPT_FOR
from libs.kit.metrics import JOB_RUNS, JOB_SECONDS
from libs.kit.sql import Database

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """A name, an interval, and what to do; every worker runs it, so it takes rows with SKIP LOCKED or is idempotent."""

    name: str
    every: timedelta
    run: Callable[[Database, datetime], Awaitable[None]]


async def forget_answers(database: Database, _: datetime) -> None:
    """Let go of kept answers that nobody will ask for again."""
    async with database.begin() as connection:
        await connection.exec_driver_sql(FORGET, (KEPT_FOR,))


FORGET_ANSWERS = Job("forget_answers", timedelta(hours=1), forget_answers)


async def keep_running(service: str, job: Job, database: Database, closing: asyncio.Event) -> None:
    """Run a job until the service closes; a failure is noted, and the next run comes as planned."""
    # Replicas that start together should not come together ever after.
    pause = random.uniform(0, min(1.0, job.every.total_seconds()))  # noqa: S311 - no secret
    while not await _closed(closing, within=pause):
        await run_once(service, job, database)
        pause = job.every.total_seconds()


async def run_once(service: str, job: Job, database: Database) -> None:
    """One run, counted."""
    started = time.perf_counter()
    outcome = "done"
    try:
        await job.run(database, clock.now())
    except Exception as error:
        outcome = "failed"  # One failure must not end what time causes.
        log.exception("job.failed", service=service, job=job.name, exc_info=error)
    JOB_RUNS.labels(service, job.name, outcome).inc()
    JOB_SECONDS.labels(service, job.name).set(time.perf_counter() - started)


async def _closed(closing: asyncio.Event, *, within: float) -> bool:
    try:
        await asyncio.wait_for(closing.wait(), within)
    except TimeoutError:
        return False
    return True
