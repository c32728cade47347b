"""What a run is, what is said of it, and whether that is good enough."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple, Protocol


class Sample(NamedTuple):
    """One run of one contestant: how much it did, how long that took, and whose CPU time it cost, in seconds."""

    units: int
    seconds: float
    cpu: float
    database: float = 0.0

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.units / self.seconds


class Ground(NamedTuple):
    """What every benchmark stands on."""

    admin: str
    bootstrap: str
    quick: bool


Run = Callable[[], Awaitable[Sample]]
Taken = Mapping[str, Sequence[Sample]]


class Line(NamedTuple):
    """One line of the report."""

    figure: str
    ours: str
    baseline: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """The word for it; nothing where there is no target."""
        return "" if self.met is None else "met" if self.met else "MISSED"


@dataclass(frozen=True)
class Contest:
    """Contestants that do the same work in turn, and what to say of their runs."""

    contestants: Mapping[str, Run]
    lines: Callable[[Taken], list[Line]]


class Benchmark(Protocol):
    """Opens a contest: everything that is not to be measured is done on the way in."""

    def __call__(self, ground: Ground) -> AbstractAsyncContextManager[Contest]:
        """Prepare, and tidy up at the end."""


def rate(samples: Sequence[Sample]) -> float:
    """The median rate."""
    return median(sample.rate for sample in samples)


def cpu(samples: Sequence[Sample]) -> float:
    """The least CPU time per unit, in microseconds: noise only ever adds to it."""
    return min(sample.cpu / sample.units for sample in samples) * 1e6


def database_cpu(samples: Sequence[Sample]) -> float:
    """The same of the database's processes."""
    return min(sample.database / sample.units for sample in samples) * 1e6


def paired(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """The median over rounds of the ratio of rates: what disturbs one of a round tends to disturb the other."""
    return median(one.rate / other.rate for one, other in zip(ours, theirs, strict=True))
