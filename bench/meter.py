"""CPU time: of this process, of another, of PostgreSQL with all its backends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from bench.figures import Sample


class Stopwatch:
    """Reads every clock at the beginning and at the end."""

    def __init__(self, of: psutil.Process | None = None) -> None:
        self._of = of
        self._began = self._now()
        self._ended = self._began

    def stop(self) -> None:
        """Take the second reading."""
        self._ended = self._now()

    def sample(self, units: int) -> Sample:
        """What the two readings say of so many units of work."""
        return Sample(units, *(after - before for before, after in zip(self._began, self._ended, strict=True)))

    def _now(self) -> tuple[float, float, float]:
        own = time.process_time() if self._of is None else spent(self._of)
        return time.perf_counter(), own, postgres_spent()


@contextmanager
def stopwatch(of: psutil.Process | None = None) -> Iterator[Stopwatch]:
    """Measure what happens inside: in this process, or in another."""
    watch = Stopwatch(of)
    yield watch
    watch.stop()


def spent(process: psutil.Process) -> float:
    """CPU seconds of one process until now."""
    times = process.cpu_times()
    return times.user + times.system


def postgres_spent() -> float:
    """CPU seconds of our PostgreSQL until now, ended backends included."""
    total = 0.0
    for postmaster in _postmasters():
        times = postmaster.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
        total += sum(map(_spent_by_living, postmaster.children()))
    return total


def _postmasters() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.name() == "postgres"]


def _spent_by_living(backend: psutil.Process) -> float:
    try:
        return spent(backend)
    except psutil.NoSuchProcess:
        return 0.0
