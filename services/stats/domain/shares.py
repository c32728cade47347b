"""What the counters of a window say of a share: successes, and failures by how much of an answer they are yet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from libs.events.stats import Figure, Metric
from services.stats.domain.benchmarks import Benchmark
from services.stats.domain.cells import WAIT_ENDS, WAITS, Cells
from services.stats.domain.policy import Policy
from services.stats.domain.priors import MILLION

Counted = Sequence[tuple[date, Cells]]  # days, or bands of days by their first, with what they came to


class Counts(NamedTuple):
    """Cases by what became of them. Lost ones too young to be counted in full are `maturing`."""

    won: int
    lost: int
    maturing: int
    excluded: int
    forgiven: int
    refused: int
    one_off: int
    released: int


@dataclass(frozen=True)
class Yardstick:
    """By what counters are read: the platform to compare with, the house's choices, and the day to take ages at."""

    benchmark: Benchmark
    policy: Policy
    as_of: date

    def age(self, day: date) -> int:
        """In days."""
        return (self.as_of - day).days

    def lost_weight(self, figure: Figure, day: date) -> int:
        """How much of a case one lost on a day is by now, in millionths: at first nothing, at last all of it."""
        return self.benchmark.curves[figure].weight(self.age(day))

    def ripe(self, figure: Figure, day: date) -> bool:
        """Whether a day's cases are decided, but for a few."""
        return self.age(day) >= self.benchmark.curves[figure].horizon


class Tally(NamedTuple):
    """What a window says of a share: successes, and failures in millionths of a case."""

    won: int
    lost: int
    counts: Counts
    raw: float | None
    shown: Mapping[str, float | None]


def added(many: Iterable[Cells]) -> Cells:
    """Several days as one."""
    total: Cells = {}
    for cells in many:
        for metric, n in cells.items():
            total[metric] = total.get(metric, 0) + n
    return total


def _conversion(days: Counted, total: Cells, by: Yardstick) -> Tally:
    return _lagging("conversion", ("won", "lost"), days, total, by)


def _retention(days: Counted, total: Cells, by: Yardstick) -> Tally:
    clients = total.get("kept", 0) + total.get("gone", 0)
    shown = {"sessions_per_client": total.get("sessions", 0) / clients if clients else None}
    return _lagging("retention", ("kept", "gone"), days, total, by)._replace(shown=shown)


def _lagging(figure: Figure, ends: tuple[Metric, Metric], days: Counted, total: Cells, by: Yardstick) -> Tally:
    """A share whose cases take time to be decided."""
    win, loss = ends
    ripe = added(cells for day, cells in days if by.ripe(figure, day))
    weight = sum(cells.get(loss, 0) * by.lost_weight(figure, day) for day, cells in days)
    won, lost = total.get(win, 0), ripe.get(loss, 0)
    counts = counts_of(total, won=won, lost=lost, maturing=total.get(loss, 0) - lost)
    return Tally(won, weight, counts, share(ripe.get(win, 0), lost), {})


def _effectiveness(_: Counted, total: Cells, __: Yardstick) -> Tally:
    views, contacts, won = total.get("views", 0), total.get("contacts", 0), total.get("gained", 0)
    exposures = max(views - total.get("unviewed", 0), contacts)
    shown = {
        "views": views, "unviewed": total.get("unviewed", 0), "contacts": contacts,
        "contact_rate": contacts / exposures if exposures else None,
    }  # fmt: skip
    counts = counts_of(total, won=won, lost=exposures - won)
    return Tally(won, MILLION * (exposures - won), counts, share(won, exposures - won), shown)


def _reply_promise(days: Counted, total: Cells, by: Yardstick) -> Tally:
    unanswered = sum(cells.get("unanswered", 0) for day, cells in days if day < by.as_of)
    won, lost = total.get("in_time", 0), total.get("late", 0) + unanswered
    counts = counts_of(total, won=won, lost=lost, maturing=total.get("unanswered", 0) - unanswered)
    shown = {"p50_seconds": waited(total, 0.5), "p90_seconds": waited(total, 0.9)}
    return Tally(won, MILLION * lost, counts, share(won, lost), shown)


TALLIES: Mapping[Figure, Callable[[Counted, Cells, Yardstick], Tally]] = {
    "conversion": _conversion, "effectiveness": _effectiveness, "retention": _retention,
    "reply_promise": _reply_promise,
}  # fmt: skip


def counts_of(total: Cells, *, won: int, lost: int, maturing: int = 0) -> Counts:
    """The cases of a share, with the neutral ones beside them."""
    return Counts(
        won, lost, maturing, total.get("excluded", 0), total.get("forgiven", 0), total.get("refused", 0),
        total.get("one_off", 0), total.get("released", 0),
    )  # fmt: skip


def share(won: int, lost: int) -> float | None:
    """The bare part that was won; None of nothing."""
    return won / (won + lost) if won + lost else None


def waited(total: Cells, share: float) -> float | None:
    """The wait in seconds that such a share of replies stayed within, to the end of a bucket; None beyond the last."""
    buckets = [total.get(metric, 0) for metric in WAITS]
    wanted, seen = share * sum(buckets), 0
    for end, n in zip(WAIT_ENDS, buckets, strict=False):
        seen += n
        if n and seen >= wanted:
            return float(end)
    return None
