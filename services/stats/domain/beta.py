"""The beta distribution: how sure one may be of a share when little has been seen of it.

Everything is worked out in log-odds, where a beta density is smooth and log-concave whatever its parameters: no end of
the range is singular, Newton's steps cannot run away and an evenly spaced sum converges as fast as any quadrature.
Parameters are positive. What must not fall when a success comes or a failure goes falls by 1e-12 at most.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import count

STIRLING_FROM = 16.0
FARTHEST_LOG_ODDS = 690.0  # beyond, the smaller share is no longer a normal number
NEGLIGIBLE = 1e-18
ROUNDING = 1e-15
CLOSE = 1e-12
NEWTON_STEPS = 100


def cdf(x: float, a: float, b: float) -> float:
    """P(theta <= x), the regularised incomplete beta function, to 1e-13."""
    return _split(x, 1 - x, a, b)[0]


def above(mu: float, a: float, b: float) -> float:
    """P(theta > mu), computed as a tail of its own and so exact where it is small."""
    return _split(mu, 1 - mu, a, b)[1]


def quantile(p: float, a: float, b: float) -> float:
    """The share that theta stays below with probability p, to 1e-12."""
    if p <= 0 or p >= 1:
        return float(p >= 1)
    return 1 - _lower_half(1 - p, b, a) if p > 1 / 2 else _lower_half(p, a, b)


@lru_cache(maxsize=1 << 16)
def beats(a: float, b: float, alpha: float, beta: float) -> float:
    """P(theta > theta of somebody taken at random ~ Beta(alpha, beta)); a half, exactly, of oneself.

    Correct to 1e-13 where every parameter is 2 or more, to 1e-11 down to 0.05 and to 1e-4 down to 0.01.
    """
    if (a, b) == (alpha, beta):
        return 0.5
    if (_variance(a, b), a) > (_variance(alpha, beta), alpha):
        # The wider of the two is the smoother to sum over the other.
        return 1 - beats(alpha, beta, a, b)
    total = won = 0.0
    for x, y, weight in _nodes(a, b, spacing=0.1 if min(a, b, alpha, beta) >= 2 else 0.06):  # noqa: PLR2004
        total += weight
        won += weight * _split(x, y, alpha, beta)[0]
    return won / total


def normal_cdf(z: float) -> float:
    """P(Z <= z) of a standard normal Z."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _split(x: float, y: float, a: float, b: float) -> tuple[float, float]:
    """P(theta <= x) and P(theta > x), where y = 1 - x is known better than a subtraction would tell."""
    if x <= 0 or y <= 0:
        return float(y <= 0), float(x <= 0)
    density = _density(x, y, a, b)
    # Past its mean the fraction converges slowly; there the other tail's is the quick one.
    if a * y < b * x:
        upper = density / _fraction(y, x, b, a)
        return 1 - upper, upper
    lower = density / _fraction(x, y, a, b)
    return lower, 1 - lower


def _lower_half(p: float, a: float, b: float) -> float:
    """Newton's method on the logarithm of the tail, which is concave; halving where that would leave what is left."""
    low, high, t = -FARTHEST_LOG_ODDS, FARTHEST_LOG_ODDS, math.log(a / b)
    for _ in range(NEWTON_STEPS):
        x, y = _shares(t)
        lower, density = _split(x, y, a, b)[0], _density(x, y, a, b)
        low, high = (low, t) if lower > p else (t, high)
        following = t - math.log(lower / p) * lower / density if lower > 0 and density > 0 else math.inf
        if not low <= following <= high:
            following = (low + high) / 2
        t, step = following, following - t
        if abs(step) < CLOSE * (1 + abs(t)):
            break
    return _shares(t)[0]


def _nodes(a: float, b: float, *, spacing: float) -> Iterator[tuple[float, float, float]]:
    """Where to sum over Beta(a, b) and with what weight: evenly about the peak, ever more widely along the tails."""
    centre, stretch = math.log(a / b), min(3 * math.sqrt(_variance(a, b)), 2)
    for step in (spacing, -spacing):
        for k in count():
            v = (k + 1 / 2) * step
            t = centre + stretch * math.sinh(v)
            x, y = _shares(t)
            weight = math.cosh(v) * math.exp(_fall(x, y, a, b)) if abs(t) < FARTHEST_LOG_ODDS else 0.0
            if weight < NEGLIGIBLE:
                break
            yield x, y, weight


def _shares(t: float) -> tuple[float, float]:
    """The share whose log-odds are t, and what is left of one, each in full precision."""
    smaller = math.exp(-abs(t)) / (1 + math.exp(-abs(t)))
    return (smaller, 1 - smaller) if t < 0 else (1 - smaller, smaller)


def _density(x: float, y: float, a: float, b: float) -> float:
    """The density of the log-odds of theta, x^a y^b / B(a, b), without the cancellation of large log-gammas."""
    stirling = _stirling_error(a + b) - _stirling_error(a) - _stirling_error(b)
    return math.exp(stirling + _fall(x, y, a, b)) / math.sqrt(2 * math.pi * _variance(a, b))


def _fall(x: float, y: float, a: float, b: float) -> float:
    """How far the log-density lies below its peak, which is at the mean."""
    of_mean, of_rest = x * (a + b) / a, y * (a + b) / b
    return a * (math.log(of_mean) - (of_mean - 1)) + b * (math.log(of_rest) - (of_rest - 1))


def _variance(a: float, b: float) -> float:
    """The variance of the normal curve that fits the peak of the log-odds."""
    return 1 / a + 1 / b


def _stirling_error(z: float) -> float:
    """What Stirling's formula leaves out of log-gamma."""
    if z < STIRLING_FROM:
        return math.lgamma(z) - (z - 1 / 2) * math.log(z) + z - math.log(2 * math.pi) / 2
    r = 1 / (z * z)
    return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z


def _fraction(x: float, y: float, a: float, b: float) -> float:
    """The even part of the lower tail's continued fraction, by Lentz's method; quick below the mean."""
    value = c = a * (a * y - b * x + 1) / (a + 1)
    d, change, m = 0.0, 0.0, 0
    while abs(change - 1) > ROUNDING:
        m += 1
        ahead = a + 2 * m - 1
        partial = (a + m - 1) * (a + b + m - 1) * m * (b - m) * (x / ahead) ** 2
        whole = m + m * (b - m) * x / ahead + (a + m) * (a * y - b * x + 1 + m * (2 - x)) / (ahead + 2)
        d, c = 1 / (whole + partial * d), whole + partial / c
        change = c * d
        value *= change
    return value
