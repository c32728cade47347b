"""How sure one may be of a share: judged by SciPy, by exact fractions, and by what must never fall."""

import itertools
import math
from fractions import Fraction

import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from services.stats.domain.beta import above, beats, cdf, normal_cdf, quantile

ALPHA, BETA, AVERAGE = 6, 14, 0.30
TOLERATED_FALL = 1e-12

sizes = st.floats(math.log(0.05), math.log(1e6)).map(math.exp)
small = st.floats(math.log(0.05), math.log(50)).map(math.exp)
chances = st.sampled_from([1e-6, 0.05, 0.3, 0.5, 0.7, 0.95, 1 - 1e-6]) | st.floats(1e-6, 1 - 1e-6)
inside = st.floats(1e-9, 1 - 1e-9)
steps = st.sampled_from([1.0, 5.0, 0.21, 1e-3, 1e-6])
wholes = st.integers(1, 40)


def whole_beta(p, q):
    """The complete beta function of whole numbers."""
    return Fraction(1, (p + q - 1) * math.comb(p + q - 2, p - 1))


def exactly_beats(a, b, alpha, beta):
    """P(theta > another's theta) where all parameters are whole: a finite sum."""
    terms = (whole_beta(alpha + i, beta + b) / ((b + i) * whole_beta(1 + i, b)) for i in range(a))
    return sum(terms) / whole_beta(alpha, beta)


def gain(a, b, alpha, beta):
    """What a success more must add to P(theta > another's theta), in closed form."""
    apart = scipy.special.betaln(a, b) + scipy.special.betaln(alpha, beta)
    return math.exp(scipy.special.betaln(a + alpha, b + beta) - apart) / a


@pytest.mark.parametrize(
    ("a", "b", "estimate", "p_above", "percentile"),
    [
        (18, 40.16, 0.3095, 0.548, 0.547),
        (18, 36.16, 0.3323, 0.684, 0.619),
        (18, 37.16, 0.3263, 0.651, 0.600),
        (17, 36.16, 0.3198, 0.609, 0.579),
    ],
    ids=["before", "four lost ones struck", "one of them back", "a won one struck instead"],
)
def test_a_specialist_is_compared_as_in_the_worked_example(a, b, estimate, p_above, percentile):
    assert round(a / (a + b), 4) == estimate
    assert round(above(AVERAGE, a, b), 3) == p_above
    assert round(beats(a, b, ALPHA, BETA), 3) == percentile


@pytest.mark.parametrize(("b", "interval"), [(40.16, (0.214, 0.412)), (36.16, (0.232, 0.440))])
def test_nine_times_in_ten_the_share_is_in_the_interval_of_the_worked_example(b, interval):
    assert (round(quantile(0.05, 18, b), 3), round(quantile(0.95, 18, b), 3)) == interval


@pytest.mark.parametrize(("a", "b", "percentile"), [(6, 14, 0.5), (7, 14, 0.594), (6, 15, 0.460)])
def test_a_newcomer_stands_in_the_middle_and_one_case_moves_them_little(a, b, percentile):
    assert round(beats(a, b, ALPHA, BETA), 3) == percentile


@pytest.mark.parametrize(("alpha", "beta"), [(6, 14), (0.05, 0.05), (0.2, 9.8), (2.7, 1e6), (1e6, 1e6)])
def test_somebody_nothing_is_known_of_stands_exactly_in_the_middle(alpha, beta):
    assert beats(alpha, beta, alpha, beta) == 0.5


@given(sizes, sizes, chances)
def test_both_tails_are_those_of_scipy(a, b, p):
    x = float(scipy.special.betaincinv(a, b, p))
    assert cdf(x, a, b) == pytest.approx(scipy.special.betainc(a, b, x), abs=1e-12)
    assert above(x, a, b) == pytest.approx(scipy.special.betaincc(a, b, x), abs=1e-12)


@given(st.floats(0.5, 1e4), st.floats(0.5, 1e4))
def test_a_small_tail_is_not_what_a_subtraction_leaves(a, b):
    x = float(scipy.special.betainccinv(a, b, 1e-30))
    assert above(x, a, b) == pytest.approx(scipy.special.betaincc(a, b, x), rel=1e-9, abs=0)


@given(sizes, sizes, chances)
def test_a_quantile_is_right_to_ten_digits(a, b, p):
    # SciPy's own inverse is not, where a curve is flat: the median of Beta(0.178, 0.178) it has wrong in the eighth.
    x = quantile(p, a, b)
    assert scipy.special.betainc(a, b, max(x - 1e-10, 0)) <= p + 1e-13
    assert scipy.special.betainc(a, b, min(x + 1e-10, 1)) >= p - 1e-13


@pytest.mark.parametrize(("a", "b"), [(6, 14), (0.05, 3), (1e6, 2)])
def test_nothing_lies_outside_nought_and_one(a, b):
    assert (cdf(0, a, b), cdf(1, a, b)) == (0, 1)
    assert (cdf(-0.1, a, b), cdf(1.1, a, b)) == (0, 1)
    assert (above(0, a, b), above(1, a, b)) == (1, 0)
    assert (quantile(0, a, b), quantile(1, a, b)) == (0, 1)


@given(inside, sizes, sizes)
def test_a_tail_and_the_other_make_one(x, a, b):
    assert cdf(x, a, b) + above(x, a, b) == pytest.approx(1, abs=1e-15)


@given(wholes, wholes, wholes, wholes)
def test_who_beats_whom_is_exact_for_whole_parameters(a, b, alpha, beta):
    tolerance = 1e-13 if min(a, b, alpha, beta) >= 2 else 1e-11
    assert beats(a, b, alpha, beta) == pytest.approx(float(exactly_beats(a, b, alpha, beta)), abs=tolerance)


@pytest.mark.parametrize(("alpha", "beta"), [(6, 14), (2, 48), (90.3, 9.7)])
@pytest.mark.parametrize(("a", "b"), [(2, 2), (2.03, 48.7), (18, 40.16), (70.5, 3.1), (300.2, 1900.9)])
def test_who_beats_whom_is_what_scipy_integrates(a, b, alpha, beta):
    own, random_one = scipy.stats.beta(a, b), scipy.stats.beta(alpha, beta)
    edges = [0, *(own.ppf(p) for p in (1e-12, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-12)), 1]
    expected = sum(
        scipy.integrate.quad(lambda x: own.pdf(x) * random_one.cdf(x), *piece, epsabs=1e-13)[0]
        for piece in itertools.pairwise(edges)
    )
    assert beats(a, b, alpha, beta) == pytest.approx(expected, abs=1e-9)


@given(small, small, small, small)
def test_a_success_more_adds_what_the_algebra_says(a, b, alpha, beta):
    added = beats(a + 1, b, alpha, beta) - beats(a, b, alpha, beta)
    assert added == pytest.approx(gain(a, b, alpha, beta), abs=1e-11, rel=0)


@given(sizes, sizes, sizes, sizes)
def test_so_it_does_among_a_million(a, b, alpha, beta):
    added = beats(a + 1, b, alpha, beta) - beats(a, b, alpha, beta)
    # The judge's logarithms run to a million, so it knows no more than eight digits.
    assert added == pytest.approx(gain(a, b, alpha, beta), rel=1e-7, abs=1e-10)


@given(sizes, sizes, sizes, sizes)
def test_one_of_two_beats_the_other(a, b, alpha, beta):
    assert beats(a, b, alpha, beta) + beats(alpha, beta, a, b) == pytest.approx(1, abs=1e-15)


@given(sizes, sizes, sizes, sizes)
def test_failures_count_against_as_successes_count_for(a, b, alpha, beta):
    assert beats(a, b, alpha, beta) + beats(b, a, beta, alpha) == pytest.approx(1, abs=1e-10)


@given(sizes, sizes, steps, inside)
def test_a_success_lowers_no_figure_and_a_failure_raises_none(a, b, step, mu):
    for figure in (
        lambda a, b: above(mu, a, b),
        lambda a, b: above(AVERAGE, a, b),
        lambda a, b: quantile(0.05, a, b),
        lambda a, b: quantile(0.95, a, b),
        lambda a, b: beats(a, b, ALPHA, BETA),
    ):
        assert figure(a + step, b) >= figure(a, b) - TOLERATED_FALL
        assert figure(a, b + step) <= figure(a, b) + TOLERATED_FALL


@given(sizes, sizes, sizes, sizes, steps)
def test_against_any_platform_a_success_never_lowers_the_percentile(a, b, alpha, beta, step):
    assert beats(a + step, b, alpha, beta) >= beats(a, b, alpha, beta) - TOLERATED_FALL
    assert beats(a, b + step, alpha, beta) <= beats(a, b, alpha, beta) + TOLERATED_FALL


@given(st.floats(-30, 30))
def test_the_normal_curve_is_that_of_scipy(z):
    assert normal_cdf(z) == pytest.approx(scipy.special.ndtr(z), rel=1e-12)


def test_the_middle_of_the_normal_curve_is_a_half():
    assert normal_cdf(0) == 0.5
