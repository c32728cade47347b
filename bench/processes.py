"""Servers as processes of their own, and what they are asked by another."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from tempfile import NamedTemporaryFile

import httpx
import psutil

from bench.figures import Sample
from bench.load import Report
from bench.meter import stopwatch

READY_WITHIN, CONNECTIONS = 60.0, 16


@asynccontextmanager
async def process(*arguments: str, environment: Mapping[str, str], ready: str) -> AsyncIterator[psutil.Process]:
    """One of our programs, from when it answers at `ready` to the end of the block."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("DOVIRA_")}
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env={**ours, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await _answers(started, ready)
        yield psutil.Process(started.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):  # a benchmark may have ended it to see how that goes
            started.send_signal(signal.SIGTERM)
        await started.wait()


async def sent(port: int, requests: Sequence[bytes], server: psutil.Process, *, expect: int) -> Sample:
    """Have requests sent; what they cost the server. Every answer must be the expected one."""
    with NamedTemporaryFile() as file:
        file.write(b"".join(requests))
        file.flush()
        with stopwatch(server) as watch:
            load = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.load", str(port), str(CONNECTIONS), file.name,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            said, _ = await load.communicate()
    report: Report = json.loads(said)
    if report["statuses"] != {str(expect): len(requests)}:
        raise RuntimeError(f"expected {len(requests)} times {expect}, and got {report['statuses']}")
    return watch.sample(len(requests))._replace(seconds=report["seconds"])


async def _answers(started: asyncio.subprocess.Process, url: str) -> None:
    """Return once the server answers, whatever it says."""
    async with asyncio.timeout(READY_WITHIN), httpx.AsyncClient(trust_env=False) as client:
        while started.returncode is None:
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    raise RuntimeError(f"{url} ended with {started.returncode} before it answered")
