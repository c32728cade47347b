"""The figures: what the counters of a window say of a specialist, beside what is usual on the platform.

A share is read as Beta(A, B): the platform's prior, plus what was won, plus what was lost weighted by how much of an
answer it is yet. Every number derived from it rises with A and falls with B, so leaving out a lost case lowers nothing
and leaving out a won one raises nothing; for that, the benchmark is frozen and the floor looks at the gross count.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from libs.events.stats import Figure, Metric
from services.stats.domain.benchmarks import Benchmark
from services.stats.domain.beta import above, beats, normal_cdf, quantile
from services.stats.domain.cells import Cells
from services.stats.domain.policy import FIGURES, Policy
from services.stats.domain.priors import MILLION
from services.stats.domain.shares import TALLIES, Counted, Counts, Yardstick, added, counts_of
from services.stats.domain.windows import Window

NOT_YET = "not enough data yet"
GROSS: Mapping[Figure, tuple[Metric, ...]] = {
    "conversion": ("won", "lost", "excluded", "withdrawn", "released"),
    "effectiveness": ("won", "lost", "excluded", "withdrawn", "released"),
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


class Comparison(NamedTuple):
    """A figure beside the platform's."""

    average: float
    p_above: float
    percentile: float
    words: str


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


def _rating(window: Window, total: Cells, *, enough: bool, by: Yardstick) -> Estimate:
    """The mean of reviews, drawn to the platform's as by so many reviews more; the annulled were never left (P12)."""
    n, stars, strength, mean = total.get("reviews", 0), total.get("stars", 0), *_review_prior(by.benchmark)
    value = (strength * mean + stars) / (strength + n)
    u = normal_cdf((value - mean if n else 0.0) / by.benchmark.review_spread)
    enough = enough and n > 0  # the floor also sees annulled ones, but of these alone nothing can be said
    words = f"{value:.1f} of 5 stars from {n} reviews" if enough else NOT_YET
    return Estimate(
        "reviews", window, value if n else mean, None, stars / n if n else None, counts_of({}, won=n, lost=0),
        {"strength": strength, "mean": mean, "stars": stars, "reviews": n},
        Comparison(mean, u, u, compared(u, by.policy) if enough else NOT_YET), enough, words,
        {"annulled": total.get("annulled", 0)},
    )  # fmt: skip


def _review_prior(benchmark: Benchmark) -> tuple[int, float]:
    return benchmark.review_strength, benchmark.review_mean


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
