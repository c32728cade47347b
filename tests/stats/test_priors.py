"""What specialists are like as a whole: a true prior is found again, and too few facts change nothing."""

import math
import random
import statistics
from collections import Counter

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from services.stats.domain.priors import MILLION, Curve, Prior, fit, lag_curve, spread

FALLBACK = Prior(6.0, 14.0)
STRAIGHT = Curve((250_000, 500_000, 750_000, MILLION))

cells = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
histograms = st.dictionaries(cells, st.integers(1, 50), min_size=1)
lags = st.dictionaries(st.integers(0, 20), st.integers(1, 30))


def crowd(prior, *, specialists, trials, seed):
    """How many of so many specialists, their shares drawn from the prior, have k successes in n trials."""
    chance = random.Random(seed)
    histogram: Counter[tuple[int, int]] = Counter()
    for _ in range(specialists):
        n, share = chance.randint(*trials), chance.betavariate(*prior)
        histogram[sum(chance.random() < share for _ in range(n)), n] += 1
    return histogram


def log_likelihood(prior, histogram):
    """By SciPy; what happened, and half a success and half a failure more."""
    seen = sum(count * scipy.stats.betabinom.logpmf(k, n, *prior) for (k, n), count in histogram.items())
    return seen + (math.log(prior.mean) + math.log(1 - prior.mean)) / 2


def of(mean, strength):
    return Prior(mean * strength, (1 - mean) * strength)


def fitted_curve(came, censored, *, longest=20, least=1):
    return lag_curve(came, censored, longest=longest, least=least, fallback=STRAIGHT)


@pytest.mark.parametrize("seed", range(3))
def test_the_prior_a_thousand_specialists_were_drawn_from_is_found_again(seed):
    fitted = fit(crowd((6, 14), specialists=1000, trials=(0, 60), seed=seed), fallback=Prior(1, 1))
    assert fitted.mean == pytest.approx(0.30, abs=0.02)
    assert 15 < fitted.strength < 27


@pytest.mark.parametrize(
    ("prior", "trials"),
    [((6, 14), (0, 60)), ((0.3, 0.3), (1, 40)), ((0.2, 9.8), (0, 150)), ((90, 10), (0, 200)), ((2, 1), (1, 3))],
)
def test_no_prior_nearby_is_likelier(prior, trials):
    histogram = crowd(prior, specialists=400, trials=trials, seed=7)
    fitted = fit(histogram, fallback=FALLBACK)
    best = log_likelihood(fitted, histogram)
    for change in (0.99, 0.9999, 1.0001, 1.01):
        assert log_likelihood(of(fitted.mean, fitted.strength * change), histogram) < best
        assert log_likelihood(of(1 - (1 - fitted.mean) * change, fitted.strength), histogram) < best


def test_specialists_who_differ_by_chance_alone_make_the_prior_as_strong_as_allowed():
    alike = {(3, 10): 100, (4, 10): 100}
    assert fit(alike, fallback=FALLBACK) == pytest.approx((350, 650), rel=1e-3)
    assert fit(alike, fallback=FALLBACK, strongest=50).strength == pytest.approx(50)


@pytest.mark.parametrize("trials", [2, 10, 200, 5000])
@pytest.mark.parametrize("specialists", [20, 10_000])
def test_what_never_happened_is_rare_and_what_always_happened_is_usual(specialists, trials):
    never = fit({(0, trials): specialists}, fallback=FALLBACK)
    always = fit({(trials, trials): specialists}, fallback=FALLBACK)
    assert 0 < never.mean < 1 / specialists
    assert always == pytest.approx((never.beta, never.alpha))
    assert min(never) == pytest.approx(0.05)
    assert never.strength < 1000.001


def test_where_nobody_was_tried_twice_the_strength_is_a_guess_and_the_mean_is_seen():
    fitted = fit({(0, 1): 49, (1, 1): 50}, fallback=FALLBACK)
    assert fitted == pytest.approx(of(50.5 / 100, FALLBACK.strength))


@pytest.mark.parametrize("histogram", [{}, {(0, 0): 1000}, {(1, 3): 10, (2, 3): 9, (0, 0): 1000}])
def test_fewer_specialists_than_twenty_that_were_tried_tell_nothing(histogram):
    assert fit(histogram, fallback=FALLBACK) == FALLBACK


def test_the_twentieth_specialist_makes_it_a_fit():
    histogram = {(1, 3): 10, (2, 3): 10}
    assert fit(histogram, fallback=FALLBACK) != FALLBACK
    assert fit(histogram, fallback=FALLBACK, least=21) == FALLBACK


@pytest.mark.parametrize(
    ("many", "as_if"),
    [((900, 3000), (600, 2000)), ((1, 8000), (0, 2000)), ((6, 8000), (2, 2000)), ((2001, 2001), (2000, 2000))],
)
def test_more_than_two_thousand_trials_count_as_two_thousand(many, as_if):
    others = crowd((6, 14), specialists=100, trials=(1, 60), seed=1)
    assert fit({**others, many: 40}, fallback=FALLBACK) == fit({**others, as_if: 40}, fallback=FALLBACK)


@given(histograms, st.randoms())
def test_every_histogram_has_one_prior_whatever_its_order(histogram, chance):
    fitted = fit(histogram, fallback=FALLBACK, least=1)
    cells = list(histogram.items())
    chance.shuffle(cells)
    assert fit(dict(cells), fallback=FALLBACK, least=1) == fitted
    assert min(fitted) >= 0.0499
    assert fitted.strength <= 1000.001


def test_a_prior_says_what_it_expects_and_how_firmly():
    assert (FALLBACK.mean, FALLBACK.strength) == (0.3, 20)


def test_a_curve_is_worked_out_by_hand():
    # 10 at risk on day 0, two come; 7 on day 1, for one went unseen: one comes; 5 on day 2, two come.
    fitted = fitted_curve({0: 2, 1: 1, 2: 2}, {0: 1, 1: 1, 3: 3}, longest=3)
    still = [0.8, 0.8 * 6 / 7, 0.8 * 6 / 7 * 3 / 5]
    assert fitted.shares[:3] == tuple(round(MILLION * (1 - it) / (1 - still[2])) for it in still)
    assert fitted.shares[3] == MILLION


@given(lags.filter(bool), lags)
def test_a_curve_is_that_of_kaplan_and_meier(came, censored):
    fitted = fitted_curve(came, censored)
    data = scipy.stats.CensoredData.right_censored(
        [*Counter(came).elements(), *Counter(censored).elements()],
        [*[False] * sum(came.values()), *[True] * sum(censored.values())],
    )
    by_then = scipy.stats.ecdf(data).cdf.evaluate(range(21))
    assert fitted.shares == pytest.approx(MILLION * by_then / by_then[-1], abs=0.51)


@given(lags.filter(bool), lags)
def test_weights_grow_with_age_from_nothing_to_one(came, censored):
    fitted = fitted_curve(came, censored)
    weights = [fitted.weight(age) for age in range(-2, 30)]
    assert weights == sorted(weights)
    assert weights[:3] == [0, 0, 0]
    assert weights[-1] == MILLION
    assert all(isinstance(weight, int) for weight in weights)


@given(lags.filter(bool), lags)
def test_a_horizon_is_the_day_by_which_nineteen_in_twenty_have_come(came, censored):
    fitted = fitted_curve(came, censored)
    assert 1 <= fitted.horizon <= 20
    assert fitted.shares[fitted.horizon] >= 950_000
    assert fitted.horizon == 1 or fitted.shares[fitted.horizon - 1] < 950_000
    assert fitted.weight(fitted.horizon) == MILLION


def test_an_open_case_weighs_what_the_days_before_today_tell():
    curve = Curve((40_000, 110_000, 210_000, 310_000, 949_999, 950_000, MILLION))
    assert [curve.weight(age) for age in range(7)] == [0, 40_000, 110_000, 210_000, 310_000, MILLION, MILLION]
    assert curve.horizon == 5


def test_if_all_come_at_once_a_case_counts_whole_the_day_after():
    at_once = fitted_curve({0: 100}, {9: 50})
    assert at_once.horizon == 1
    assert (at_once.weight(0), at_once.weight(1)) == (0, MILLION)


def test_what_comes_after_the_longest_lag_was_at_risk_but_never_came():
    assert fitted_curve({0: 10, 1: 10, 50: 20}, {}, longest=3) == fitted_curve({0: 10, 1: 10}, {3: 20}, longest=3)


@pytest.mark.parametrize(("came", "least"), [({}, 0), ({2: 9}, 10), ({2: 9, 21: 100}, 10)])
def test_too_few_that_came_make_no_curve(came, least):
    assert fitted_curve(came, {5: 1000}, least=least) == STRAIGHT
    assert fitted_curve({2: 10}, {5: 1000}, least=10) != STRAIGHT


@given(st.lists(st.floats(1, 5), min_size=2))
def test_a_spread_is_the_standard_deviation_but_never_nothing(means):
    assert spread(means, fallback=0.4) == pytest.approx(max(statistics.stdev(means), 0.05))


@pytest.mark.parametrize("means", [[], [4.7]])
def test_one_specialist_does_not_scatter(means):
    assert spread(means, fallback=0.4) == 0.4
