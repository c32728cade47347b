"""What figures are compared with, and by which policy."""

from typing import Annotated

from fastapi import Path, Response

from libs.kit.http import Now, Ops, Router, Snapshot, Transaction, roles
from libs.kit.problems import documented
from services.stats import commands, queries
from services.stats.domain import BenchmarkUnknown, NothingToFit, PolicyUnknown
from services.stats.schemas import Benchmarks, BenchmarkView, PolicyView

routes = Router(prefix="/v1")
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
READERS = roles("specialist", "support", "supervisor", "analyst", "ops")


@routes.get("/benchmarks", tags=["platform"], policy=READERS)
async def list_benchmarks(tx: Snapshot) -> Benchmarks:
    """The last hundred benchmarks, the newest first; an answer about figures names the one it was compared with."""
    return Benchmarks(items=[BenchmarkView.of(*row) for row in await queries.benchmarks(tx)])


@routes.get("/benchmarks/{number}", tags=["platform"], policy=READERS, responses=documented(BenchmarkUnknown))
async def show_benchmark(number: Number, tx: Snapshot) -> BenchmarkView:
    """What figures are compared with by a benchmark of this number; it never changes."""
    for row in await queries.benchmarks(tx, number=number):
        return BenchmarkView.of(*row)
    raise BenchmarkUnknown


@routes.post("/benchmarks", status_code=201, tags=["platform"], responses=documented(NothingToFit))
async def publish_benchmark(ops: Ops, tx: Transaction, now: Now, response: Response) -> BenchmarkView:
    """Fit a benchmark to the figures of now, without waiting for the night."""
    benchmark = await commands.publish_benchmark(tx, ops.tenant, now=now)
    if benchmark is None:
        raise NothingToFit
    response.headers["Location"] = f"benchmarks/{benchmark.number}"
    return BenchmarkView.of(now, benchmark)


@routes.get("/policies/{version}", tags=["platform"], policy=READERS, responses=documented(PolicyUnknown))
async def show_policy(version: Number, tx: Snapshot) -> PolicyView:
    """The house's choices about figures in a version: windows, weights, floors, zones and statuses."""
    policy = await queries.policy_at(tx, version)
    if policy is None:
        raise PolicyUnknown
    return PolicyView.of(version, policy)
