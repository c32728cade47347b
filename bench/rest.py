"""The whole platform in one process, with nothing to do: what its looking and waiting costs."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from bench.figures import Contest, Ground, Line, Sample, Taken
from bench.meter import stopwatch
from bench.processes import process
from libs.kit.ports import free_port

SETTLES, SECONDS, MOST_PERCENT = 5.0, 15.0, 4.0


@asynccontextmanager
async def rest(ground: Ground) -> AsyncIterator[Contest]:
    """All services, some seconds after their start."""
    port = free_port()
    with tempfile.TemporaryDirectory() as run_dir:
        environment = {"DATABASE_URL": ground.admin, "DOVIRA_RUN_DIR": run_dir, "DOVIRA_PORT": str(port)}
        async with process("services", environment=environment, ready=f"http://127.0.0.1:{port}/readyz") as platform:
            await asyncio.sleep(SETTLES)
            yield Contest({"at rest": lambda: _idle(platform, 3.0 if ground.quick else SECONDS)}, _lines)


async def _idle(platform: psutil.Process, seconds: float) -> Sample:
    with stopwatch(platform) as watch:
        await asyncio.sleep(seconds)
    return watch.sample(1)


def _lines(taken: Taken) -> list[Line]:
    samples = taken["at rest"]
    own = min(100 * sample.cpu / sample.seconds for sample in samples)
    database = min(100 * sample.database / sample.seconds for sample in samples)
    percent = own + database
    return [
        Line(
            "the platform at rest, % of a core", f"{own:.1f} + {database:.1f} PostgreSQL", "", f"{percent:.1f}",
            f"≤ {MOST_PERCENT:.0f}", percent <= MOST_PERCENT,
        )
    ]  # fmt: skip
