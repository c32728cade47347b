"""What figures are compared with: fitted from everybody's counters, published, and from then on never changed."""

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from libs.events.stats import Figure
from services.stats.domain.policy import Policy
from services.stats.domain.priors import MILLION, Curve, Histogram, Prior, fit, lag_curve, spread


class Benchmark(Struct, frozen=True):
    """One tenant's platform, as of a day: priors of the shares, lag curves, and what reviews are like."""

    number: int
    as_of: date
    priors: Mapping[Figure, Prior]
    curves: Mapping[Figure, Curve]
    review_mean: float
    review_spread: float
    review_strength: int


class Lags(Struct, frozen=True):
    """By age in days: how many cases were decided at it, and how many were still open when last seen."""

    came: Mapping[int, int]
    censored: Mapping[int, int]


class Seen(Struct, frozen=True):
    """What a benchmark is fitted from: specialists by (successes, cases), lags, and the means of their reviews."""

    shares: Mapping[Figure, Histogram]
    lags: Mapping[Figure, Lags]
    review_means: tuple[float, ...]
    stars: int
    reviews: int


def house(policy: Policy, as_of: date) -> Benchmark:
    """Number 0: the policy's own guess, until there is something to fit."""
    curve = guess(policy)
    return Benchmark(
        0, as_of, policy.priors, {"conversion": curve, "retention": curve},
        policy.review_mean, policy.review_spread, policy.review_strength,
    )  # fmt: skip


def guess(policy: Policy) -> Curve:
    """A straight line up to the policy's horizon."""
    days = policy.horizon + 1
    return Curve(tuple(MILLION * (age + 1) // days for age in range(days)))


def fitted(number: int, as_of: date, seen: Seen, policy: Policy) -> Benchmark:
    """The benchmark that what was seen speaks for; where too little was seen, the policy's guess stands in."""
    priors = {
        figure: fit(seen.shares.get(figure, {}), fallback=fallback, least=policy.least_specialists)
        for figure, fallback in policy.priors.items()
    }
    curves: dict[Figure, Curve] = {"conversion": guess(policy), "retention": guess(policy)}
    curves |= {
        figure: lag_curve(
            lags.came, lags.censored, longest=policy.longest_lag, least=policy.least_lags, fallback=guess(policy)
        )
        for figure, lags in seen.lags.items()
    }
    enough = len(seen.review_means) >= policy.least_specialists
    return Benchmark(
        number, as_of, priors, curves,
        seen.stars / seen.reviews if enough else policy.review_mean,
        spread(seen.review_means, fallback=policy.review_spread) if enough else policy.review_spread,
        policy.review_strength,
    )  # fmt: skip
