"""What is known of specialists as a whole: how their shares differ, how soon clients come, how reviews scatter.

Each is worked out from counts whose order does not matter, so the same facts give the same benchmark.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

Histogram = Mapping[tuple[int, int], int]
"""How many specialists have k successes in n trials."""

MOST_TRIALS = 2000
WEAKEST_SIDE = 0.05
MILLION = 1_000_000
RIPE = 950_000
NARROWEST_SPREAD = 0.05
PRECISE = 1e-10
MOST_STEPS = 100


class Prior(NamedTuple):
    """What is thought of a specialist before anything is known: so many successes, so many failures."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """The share of an average specialist."""
        return self.alpha / self.strength

    @property
    def strength(self) -> float:
        """How many trials of one's own weigh as much as this."""
        return self.alpha + self.beta


class Tails(NamedTuple):
    """At i, how many specialists have more than i successes, failures, trials."""

    successes: Sequence[float]
    failures: Sequence[float]
    trials: Sequence[float]


class Curve(NamedTuple):
    """Of the first sessions that will come at all, the millionths that come within 0, 1, 2... days."""

    shares: tuple[int, ...]

    @property
    def horizon(self) -> int:
        """The first day, after day 0, by which 95 % have come: an engagement that old counts whole."""
        return max(1, min(bisect_left(self.shares, RIPE), len(self.shares) - 1))

    def weight(self, age: int) -> int:
        """The millionths an engagement so many days old without a session counts: what the days that are over tell."""
        if age <= 0:
            return 0
        return MILLION if age >= self.horizon else self.shares[age - 1]


def fit(histogram: Histogram, *, fallback: Prior, least: int = 20, strongest: float = 1000.0) -> Prior:
    """The likeliest prior that shares were drawn from; the fallback where fewer than `least` specialists were tried.

    More than 2,000 trials count as 2,000 with the same share of successes, rounded half to even; were the limit so low
    that many are above it, the strength would come out too great. Half a success and half a failure are added: what
    never happened yet is rare, not impossible. The strength is `strongest` where specialists differ no more than chance
    makes them, and the fallback's where nobody was tried twice, for then nothing tells. Neither side is weaker than
    0.05: such a prior is strengthened about its mean.
    """
    if sum(count for (_, n), count in histogram.items() if n) < least:
        return fallback
    tails = _tail_sums(histogram)
    rarest = WEAKEST_SIDE / strongest
    strength = _likeliest_strength(tails, strongest, rarest) if len(tails.trials) > 1 else fallback.strength
    mean = _likeliest_mean(tails, strength, rarest)
    strength = min(max(strength, WEAKEST_SIDE / min(mean, 1 - mean)), strongest)
    return Prior(mean * strength, (1 - mean) * strength)


def _tail_sums(histogram: Histogram) -> Tails:
    """All that the likelihood needs of a histogram: its logarithm is a sum over i of tails times log(parameter + i)."""
    scaled = [(*_scale(k, n), count) for (k, n), count in histogram.items() if n]
    size = max(n for _, n, _ in scaled)
    successes, failures, trials = [0.0] * size, [0.0] * size, [0.0] * size
    for k, n, count in scaled:
        for tail, reached in (successes, k), (failures, n - k), (trials, n):
            if reached:
                tail[reached - 1] += count
    successes[0], failures[0], trials[0] = successes[0] + 1 / 2, failures[0] + 1 / 2, trials[0] + 1
    return Tails(*(list(accumulate(reversed(tail)))[::-1] for tail in (successes, failures, trials)))


def _scale(k: int, n: int) -> tuple[int, int]:
    """The successes and trials that stand for k of n."""
    return (k, n) if n <= MOST_TRIALS else (round(k * MOST_TRIALS / n), MOST_TRIALS)


def _likeliest_strength(tails: Tails, strongest: float, rarest: float) -> float:
    """The strength at which, each with the mean that suits it best, what was seen is likeliest."""

    def uphill(log_strength: float) -> float:
        strength = math.exp(log_strength)
        mean = _likeliest_mean(tails, strength, rarest)
        rise = mean * _harmonic(tails.successes, mean * strength)
        rise += (1 - mean) * _harmonic(tails.failures, (1 - mean) * strength)
        return strength * (rise - _harmonic(tails.trials, strength))

    return math.exp(_root(uphill, math.log(2 * WEAKEST_SIDE), math.log(strongest)))


def _likeliest_mean(tails: Tails, strength: float, rarest: float) -> float:
    """The mean at which, of all priors so strong, what was seen is likeliest: the one peak of a concave function."""

    def uphill(log_odds: float) -> float:
        mean = 1 / (1 + math.exp(-log_odds))
        rise = _harmonic(tails.successes, mean * strength) - _harmonic(tails.failures, (1 - mean) * strength)
        return mean * (1 - mean) * strength * rise

    farthest = math.log(1 / rarest - 1)
    return 1 / (1 + math.exp(-_root(uphill, -farthest, farthest)))


def _harmonic(tail: Sequence[float], start: float) -> float:
    """The slope of the part of the log-likelihood that a tail and a parameter make."""
    return sum(count / (start + i) for i, count in enumerate(tail))


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a function crosses zero on its way down, by false position (Illinois); an end if it does so beyond it."""
    at_low, at_high = falling(low), falling(high)
    if at_low <= 0 or at_high >= 0:
        return low if at_low <= 0 else high
    x = low
    rose: bool | None = None
    for _ in range(MOST_STEPS):
        last, x = x, (low * at_high - high * at_low) / (at_high - at_low)
        if abs(x - last) < PRECISE:
            break
        at_x, again = falling(x), rose
        rose = at_x > 0
        # An end kept twice holds the line back: half its value lets it swing over.
        if rose:
            low, at_low, at_high = x, at_x, at_high / 2 if again is rose else at_high
        else:
            high, at_high, at_low = x, at_x, at_low / 2 if again is rose else at_low
    return x


def lag_curve(
    came: Mapping[int, int], censored: Mapping[int, int], *, longest: int, least: int, fallback: Curve
) -> Curve:
    """Kaplan and Meier's estimate; the fallback where fewer than `least` first sessions came within `longest` days.

    `came[a]` first sessions came on day a after the opening. `censored[a]` engagements were still without one when
    day a ended, the last day they were seen whole: a day still running is nobody's.
    """
    if sum(count for lag, count in came.items() if lag <= longest) < max(least, 1):
        return fallback
    at_risk, still, without = sum(came.values()) + sum(censored.values()), 1.0, list[float]()
    for lag in range(longest + 1):
        still *= 1 - came.get(lag, 0) / max(at_risk, 1)
        without.append(still)
        at_risk -= came.get(lag, 0) + censored.get(lag, 0)
    return Curve(tuple(round(MILLION * (1 - share) / (1 - still)) for share in without))


def spread(means: Sequence[float], *, fallback: float) -> float:
    """The standard deviation of specialists' means of reviews, 0.05 at least; the fallback where there are not two."""
    if len(means) < 2:  # noqa: PLR2004
        return fallback
    centre = math.fsum(means) / len(means)
    return max(math.sqrt(math.fsum((mean - centre) ** 2 for mean in means) / (len(means) - 1)), NARROWEST_SPREAD)
