"""The figures: what the counters of a window say of a specialist, beside what is usual on the platform.

A share is read as Beta(A, B): the platform's prior, plus what was won, plus what was lost weighted by how much of an
answer it is yet. Every number derived from it rises with A and falls with B, so leaving out a lost case lowers nothing
and leaving out a won one raises nothing; for that, the benchmark is frozen and the floor looks at the gross count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, get_args

from libs.events.stats import Figure, Metric
from libs.kit.errors import Invalid
from services.stats.domain.benchmarks import Benchmark
from services.stats.domain.beta import above, beats, normal_cdf, quantile
from services.stats.domain.cells import WAIT_ENDS, WAITS, Cells
from services.stats.domain.policy import LIFETIME, Policy
from services.stats.domain.priors import MILLION

FIGURES: tuple[Figure, ...] = get_args(Figure)
NOT_YET = "not enough data yet"
FIRST_DAY = date(2000, 1, 1)
Counted = Sequence[tuple[date, Cells]]  # days, or bands of days by their first, with what they came to
GROSS: Mapping[Figure, tuple[Metric, ...]] = {
    "conversion": ("won", "lost", "excluded", "withdrawn"),
    "effectiveness": ("won", "lost", "excluded", "withdrawn"),
    "retention": ("kept", "gone", "refused"),
    "reviews": ("reviews", "annulled"),
    "reply_promise": ("in_time", "late", "unanswered", "forgiven"),
}
NOUNS: Mapping[Figure, str] = {
    "conversion": "{won} of {all} requests led to a first session",
    "effectiveness": "{won} of {all} views of the profile led to a first session",
    "retention": "{won} of {all} clients came back after the first session",
    "reply_promise": "{won} of {all} requests were answered within the promise",
}


class BackwardWindow(Invalid):
    """The window ends before it begins: `from` must not be later than `to`."""


@dataclass(frozen=True)
class Window:
    """Cohort days, the first and the last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """A window that cannot be answered does not come to be."""
        if self.first > self.last:
            raise BackwardWindow

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


class Counts(NamedTuple):
    """Cases by what became of them. Lost ones too young to be counted in full are `maturing`."""

    won: int
    lost: int
    maturing: int
    excluded: int
    forgiven: int
    refused: int
    one_off: int


class Comparison(NamedTuple):
    """A figure beside the platform's."""

    average: float
    p_above: float
    percentile: float
    words: str


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


@dataclass(frozen=True)
class Estimate:
    """One figure of one window; `inputs` is what the explanation adds up to, and the prior."""

    figure: Figure
    window: Window
    value: float
    interval: tuple[float, float] | None
    raw: float | None
    counts: Counts
    inputs: Mapping[str, float]
    versus: Comparison
    enough: bool
    words: str
    shown: Mapping[str, float | None]


@dataclass(frozen=True)
class Figures:
    """All figures of a specialist and the rating made of them, from 0 to 100; 50 with no data."""

    estimates: Mapping[Figure, Estimate]
    overall: float
    enough: bool


def windows(policy: Policy, as_of: date, *, days: int | None = None) -> dict[Figure, Window]:
    """Each figure's own window up to a day, or one length for all of them."""
    return {figure: last_days(policy.windows[figure] if days is None else days, as_of) for figure in FIGURES}


def last_days(days: int, as_of: date) -> Window:
    """The last so many days, or all there ever were."""
    return Window(FIRST_DAY if days == LIFETIME else as_of - timedelta(days=days - 1), as_of)


def bands(asked: Iterable[Window], by: Yardstick) -> list[date]:
    """The first days of the stretches to add up: young days one by one, for their weights differ; others together."""
    asked = list(asked)
    first, last = min(window.first for window in asked), max(window.last for window in asked)
    young = [by.as_of - timedelta(days=age) for age in range(by.policy.longest_lag + 1)]
    edges = {window.first for window in asked} | {window.last + timedelta(days=1) for window in asked} | set(young)
    return sorted(edge for edge in edges if first <= edge <= last)


def figures(counted: Counted, asked: Mapping[Figure, Window], by: Yardstick) -> Figures:
    """All figures from what the days came to."""
    estimates = {figure: estimate(figure, counted, asked[figure], by) for figure in FIGURES}
    overall = 100 * sum(by.policy.weights[figure] * estimates[figure].versus.percentile for figure in FIGURES)
    return Figures(estimates, round(overall, 9), estimates["conversion"].enough)


def estimate(figure: Figure, counted: Counted, window: Window, by: Yardstick) -> Estimate:
    """One figure from what the days came to."""
    days = [(day, cells) for day, cells in counted if day in window]
    total = added(cells for _, cells in days)
    enough = sum(total.get(metric, 0) for metric in GROSS[figure]) >= by.policy.floors[figure]
    if figure == "reviews":
        return _rating(window, total, enough=enough, by=by)
    tally = TALLIES[figure](days, total, by)
    prior = by.benchmark.priors[figure]
    a, b = prior.alpha + tally.won, prior.beta + tally.lost / MILLION
    p_above = above(prior.mean, a, b)
    words = compared(p_above, by.policy) if enough else NOT_YET
    return Estimate(
        figure, window, value=a / (a + b), interval=(quantile(0.05, a, b), quantile(0.95, a, b)),
        raw=tally.raw, counts=tally.counts,
        inputs={"alpha": prior.alpha, "beta": prior.beta, "won": tally.won, "lost_weight": tally.lost / MILLION},
        versus=Comparison(prior.mean, p_above, beats(a, b, *prior), words), enough=enough,
        words=_said(figure, tally.counts) if enough else NOT_YET, shown=tally.shown,
    )  # fmt: skip


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
    counts = _counts(total, won=won, lost=lost, maturing=total.get(loss, 0) - lost)
    return Tally(won, weight, counts, _share(ripe.get(win, 0), lost), {})


def _effectiveness(_: Counted, total: Cells, __: Yardstick) -> Tally:
    views, contacts, won = total.get("views", 0), total.get("contacts", 0), total.get("gained", 0)
    exposures = max(views - total.get("unviewed", 0), contacts)
    shown = {
        "views": views, "unviewed": total.get("unviewed", 0), "contacts": contacts,
        "contact_rate": contacts / exposures if exposures else None,
    }  # fmt: skip
    counts = _counts(total, won=won, lost=exposures - won)
    return Tally(won, MILLION * (exposures - won), counts, _share(won, exposures - won), shown)


def _reply_promise(days: Counted, total: Cells, by: Yardstick) -> Tally:
    unanswered = sum(cells.get("unanswered", 0) for day, cells in days if day < by.as_of)
    won, lost = total.get("in_time", 0), total.get("late", 0) + unanswered
    counts = _counts(total, won=won, lost=lost, maturing=total.get("unanswered", 0) - unanswered)
    shown = {"p50_seconds": waited(total, 0.5), "p90_seconds": waited(total, 0.9)}
    return Tally(won, MILLION * lost, counts, _share(won, lost), shown)


TALLIES = {
    "conversion": _conversion, "effectiveness": _effectiveness, "retention": _retention,
    "reply_promise": _reply_promise,
}  # fmt: skip


def _counts(total: Cells, *, won: int, lost: int, maturing: int = 0) -> Counts:
    return Counts(
        won, lost, maturing, total.get("excluded", 0), total.get("forgiven", 0), total.get("refused", 0),
        total.get("one_off", 0),
    )  # fmt: skip


def _share(won: int, lost: int) -> float | None:
    return won / (won + lost) if won + lost else None


def _rating(window: Window, total: Cells, *, enough: bool, by: Yardstick) -> Estimate:
    """The mean of reviews, drawn to the platform's as by so many reviews more; the annulled were never left (P12)."""
    n, stars, strength, mean = total.get("reviews", 0), total.get("stars", 0), *_review_prior(by.benchmark)
    value = (strength * mean + stars) / (strength + n)
    u = normal_cdf((value - mean if n else 0.0) / by.benchmark.review_spread)
    enough = enough and n > 0  # the floor also sees annulled ones, but of these alone nothing can be said
    words = f"{n} reviews, rated {value:.1f} on average" if enough else NOT_YET
    return Estimate(
        "reviews", window, value if n else mean, None, stars / n if n else None, _counts({}, won=n, lost=0),
        {"strength": strength, "mean": mean, "stars": stars, "reviews": n},
        Comparison(mean, u, u, compared(u, by.policy) if enough else NOT_YET), enough, words,
        {"annulled": total.get("annulled", 0)},
    )  # fmt: skip


def _review_prior(benchmark: Benchmark) -> tuple[int, float]:
    return benchmark.review_strength, benchmark.review_mean


def waited(total: Cells, share: float) -> float | None:
    """The wait in seconds that such a share of replies stayed within, to the end of a bucket; None beyond the last."""
    buckets = [total.get(metric, 0) for metric in WAITS]
    wanted, seen = share * sum(buckets), 0
    for end, n in zip(WAIT_ENDS, buckets, strict=False):
        seen += n
        if n and seen >= wanted:
            return float(end)
    return None


def compared(p_above: float, policy: Policy) -> str:
    """A figure beside the platform's, in words: only what is almost certain is called a difference (R7, R17)."""
    if p_above >= policy.above:
        return "above the platform average"
    if p_above <= policy.below:
        return "below the platform average"
    return "in line with the platform average"


def _said(figure: Figure, counts: Counts) -> str:
    words = NOUNS[figure].format(won=counts.won, all=counts.won + counts.lost + counts.maturing)
    return f"{words}; {counts.maturing} are too young to count in full" if counts.maturing else words
