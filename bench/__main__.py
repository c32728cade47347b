"""`python -m bench [relay|projector|rest|accept …] [--rounds 3] [--quick]`: real PostgreSQL, real Kafka, ratios.

Missed targets are reported and are no failure; only what could not be measured is.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.accept import accept
from bench.exclusion import exclusion
from bench.feed import feed
from bench.figures import Benchmark, Ground, Line, Sample
from bench.franking import franking
from bench.live import live
from bench.projector import in_no_order, in_time, rebuild
from bench.reads import reads
from bench.relay import relay
from bench.rest import rest
from deploy.kafka import Kafka
from libs.kit import logs
from libs.kit.errors import StartRefused
from libs.kit.postgres import Cluster
from libs.kit.provision import administrator
from libs.kit.server import run

# At rest, live and the feed come before the accepts, which leave the platform something to do and readers much to see.
BENCHMARKS: dict[str, Benchmark] = {
    "relay": relay, "projector": in_time, "shuffled": in_no_order, "rebuild": rebuild, "exclusion": exclusion,
    "reads": reads, "franking": franking, "feed": feed, "live": live, "rest": rest, "accept": accept,
}  # fmt: skip
REPORT = Path("run/bench.md")
COLUMNS = ("figure", "ours", "baseline", "ratio", "target", "verdict")


def main() -> int:
    """Measure what was asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="benchmark", help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contestant, in turn")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: to see that it runs")
    asked = parser.parse_args()
    if unknown := set(asked.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {unknown.pop()}; there are {', '.join(BENCHMARKS)}")
    logs.configure(level="error")
    try:
        with _servers(quick=asked.quick) as ground:
            run(_measure(ground, [name for name in BENCHMARKS if name in (asked.names or BENCHMARKS)], asked.rounds))
    except StartRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


@contextmanager
def _servers(*, quick: bool) -> Iterator[Ground]:
    """A PostgreSQL and a Kafka of this run's own."""
    place = Path(tempfile.mkdtemp(prefix="dovira-bench-"))
    try:
        cluster = Cluster.start(place / "postgres")
        try:
            kafka = Kafka.start(place / "kafka")
            try:
                yield Ground(cluster.url, kafka.bootstrap, quick)
            finally:
                kafka.stop()
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


async def _measure(ground: Ground, names: list[str], rounds: int) -> None:
    console, machine, lines = Console(), await _machine(ground), list[Line]()
    for name in names:
        async with BENCHMARKS[name](ground) as contest:
            taken: defaultdict[str, list[Sample]] = defaultdict(list)
            for number in range(rounds):
                for contestant, once in contest.contestants.items():
                    taken[contestant].append(await once())
                    console.print(f"[dim]{name} {number + 1}/{rounds}: {_said(contestant, taken[contestant][-1])}")
            lines += contest.lines(taken)
    console.print(_table(lines, title=f"Medians and least CPU of {rounds} rounds"), machine, sep="\n", soft_wrap=True)
    _keep(lines, machine)


def _said(contestant: str, sample: Sample) -> str:
    own, database = (1e6 * spent / sample.units for spent in (sample.cpu, sample.database))
    return f"{contestant}: {sample.rate:,.0f}/s, {own:,.1f} us CPU each, PostgreSQL's {database:,.1f} us"


def _table(lines: list[Line], *, title: str) -> Table:
    table = Table(*COLUMNS, title=title, title_style="bold")
    for line in lines:
        colour = {"met": "green", "MISSED": "bold red"}.get(line.verdict, "")
        table.add_row(*line[:5], line.verdict, style=colour)
    return table


def _keep(lines: list[Line], machine: str) -> None:
    """Leave the table where it can be copied from."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *((*line[:5], line.verdict) for line in lines)]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(f"| {' | '.join(row)} |" for row in rows) + f"\n\n{machine}\n", encoding="utf-8")


async def _machine(ground: Ground) -> str:
    """What it ran on."""
    admin = await administrator(ground.admin)
    postgres = await admin.fetchval("SHOW server_version")
    await admin.close()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiokafka", "asyncpg", "sqlalchemy", "fastapi"))
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores of {_model()}, load {busy:.1f} at the start; Python {platform.python_version()}, "
        f"PostgreSQL {postgres.split()[0]}, {libraries}"
    )


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # an ordinary exit has DuckDB's binding print pages about leaks of its own
