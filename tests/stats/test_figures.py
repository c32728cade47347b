"""What figures promise, whatever happened: exclusions harm nobody, refusals cost nothing, everything adds up."""

from bisect import bisect_right
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libs.events.stats import Figure
from services.stats.domain import (
    HOUSE,
    NOT_YET,
    BackwardWindow,
    Engagement,
    First,
    Mark,
    Review,
    Ruling,
    Score,
    Window,
    Yardstick,
    house,
    worth,
)
from services.stats.domain.benchmarks import Benchmark
from services.stats.domain.cells import struck
from services.stats.domain.figures import GROSS, figures
from services.stats.domain.policy import FIGURES
from services.stats.domain.priors import MILLION, Curve, Prior
from services.stats.domain.shares import added, waited
from services.stats.domain.windows import bands, windows
from tests.stats.scenes import MAY
from tests.stats.strategies import AS_OF, came_to, engagements, grounds, lately, lives, scopes, surroundings

CLOSE = 1e-8  # what rises by argument may fall by rounding
FEW = settings(max_examples=40)
CURVE = Curve((*(MILLION * share // 100 for share in (4, 11, 21, 31, 40, 51, 60, 68, 74, 80, 86, 90, 92, 94)), MILLION))
PLATFORM = Benchmark(
    3, AS_OF, dict(HOUSE.priors), {"conversion": CURVE, "retention": CURVE}, review_mean=4.7, review_spread=0.4,
    review_strength=8,
)  # fmt: skip
BY = Yardstick(PLATFORM, HOUSE, AS_OF)
OWN = windows(HOUSE, AS_OF)
asked = st.sampled_from([None, 30, 90, 365, 0]).map(lambda days: windows(HOUSE, AS_OF, days=days))


def read(counted, asked=OWN, by=BY):
    """The figures of what days came to, in their own windows unless said."""
    return figures(counted, asked, by)


def told(known, around, asked):
    """The figures of engagements, views and reviews."""
    return read([*came_to(known), *around], asked)


def numbers(found):
    """Every number of figures by which a specialist may be judged."""
    yield found.overall
    for it in found.estimates.values():
        yield from (it.value, *(it.interval or ()), it.versus.p_above, it.versus.percentile)


def lowered(before, after):
    """By how much the number that fell most fell."""
    return max(was - now for was, now in zip(numbers(before), numbers(after), strict=True))


def strike(it, ground, scope, *, excluded=True):
    """Support's next decision about an engagement."""
    version = it.ruling.version + 1 if it.ruling else 1
    return it.join(Engagement(ruling=Ruling(version, UUID(int=90), excluded, UUID(int=91), ground, scope)))


def one_by_one(known, change):
    """The engagements as they were, and after each that `change` has changed; None says that it is left alone."""
    yield known
    for n, it in enumerate(known):
        if (changed := change(it)) is not None:
            known = [*known[:n], changed, *known[n + 1 :]]
            yield known


@FEW
@given(lives, surroundings, asked, grounds, scopes)
def test_i3_excluding_a_lost_chat_lowers_no_figure(known, around, asked, ground, scope):
    steps = one_by_one(known, lambda it: None if it.sessions else strike(it, ground, scope))
    found = [told(step, around, asked) for step in steps]
    assert all(lowered(before, after) < CLOSE for before, after in pairwise(found))


@FEW
@given(lives, surroundings, asked, grounds, scopes)
def test_i4_excluding_a_won_chat_raises_no_figure(known, around, asked, ground, scope):
    steps = one_by_one(known, lambda it: strike(it, ground, scope) if it.sessions else None)
    found = [told(step, around, asked) for step in steps]
    assert all(lowered(after, before) < CLOSE for before, after in pairwise(found))
    assert len({it.estimates["reviews"].value for it in found}) == 1


@given(engagements(lately), grounds, scopes)
def test_i5_putting_a_request_back_leaves_no_trace(it, ground, scope):
    back = strike(strike(it, ground, scope), ground, scope, excluded=False)
    assert worth(back, HOUSE) == worth(it, HOUSE)
    assert not struck(back)


@FEW
@given(lives, surroundings, asked, st.integers(0, 9), st.none() | st.tuples(grounds, scopes))
def test_i6_a_refusal_lowers_no_figure(known, around, asked, days, decision):
    """Compared with not having pressed, be it of what was struck; it ends the work, so nothing is bought afterwards."""
    known = [strike(it, *decision) for it in known] if decision else known

    def refuse(it):
        first = min((session.at for session in it.sessions.values()), default=it.opening.at)
        return it.join(Engagement(refusal=First(first + timedelta(days=days), UUID(int=92))))

    known = [it for it in known if not it.purchase or it.purchase.at < refuse(it).refusal.at]
    found = [told(step, around, asked) for step in one_by_one(known, refuse)]
    assert all(lowered(before, after) < CLOSE for before, after in pairwise(found))
    assert all(before.enough <= after.enough for before, after in pairwise(found))


@st.composite
def written(draw):
    """Reviews, some of which their authors have annulled."""
    left = draw(lately.map(lambda age: First(MAY - timedelta(days=age), UUID(int=93))))
    score = Score(1, UUID(int=93), draw(st.integers(1, 5)))
    return Review(left, score, draw(st.sampled_from([None, Mark(1, UUID(int=94), False), Mark(2, UUID(int=95), True)])))


@FEW
@given(lives, st.lists(written()), asked)
def test_i7_an_annulled_review_was_never_left(known, reviews, asked):
    """To the bit: counts are whole numbers, and what was added to them is what is taken away."""
    never = [it for it in reviews if not it.annulment or not it.annulment.set]
    one, other = (told(known, [(it.day, worth(it, HOUSE)) for it in those], asked) for those in (reviews, never))
    assert list(numbers(one)) == list(numbers(other))
    ones, others = one.estimates["reviews"], other.estimates["reviews"]
    assert (ones.raw, ones.inputs, ones.counts) == (others.raw, others.inputs, others.counts)


@FEW
@given(lives, asked, engagements(st.just(0)))
def test_i8_a_request_of_today_changes_no_number_of_the_conversion(known, asked, new):
    assume(not new.sessions)
    before, after = (told(those, [], asked).estimates["conversion"] for those in (known, [*known, new]))
    assert (before.value, before.interval, before.raw, before.inputs) == (
        after.value, after.interval, after.raw, after.inputs,
    )  # fmt: skip
    assert before.versus[:3] == after.versus[:3]


sides = st.floats(0.05, 500)


@FEW
@given(asked, st.lists(st.tuples(sides, sides), min_size=4, max_size=4), st.floats(1, 5))
def test_i9_without_data_one_is_as_usual(asked, priors, mean):
    """Whatever the platform is like, who is new to it is in its middle."""
    shares: list[Figure] = [figure for figure in FIGURES if figure != "reviews"]
    fitted = dict(zip(shares, (Prior(*prior) for prior in priors), strict=True))
    platform = Benchmark(1, AS_OF, fitted, PLATFORM.curves, mean, 0.3, 8)
    for benchmark in (platform, house(HOUSE, AS_OF)):
        found = read([], asked, Yardstick(benchmark, HOUSE, AS_OF))
        assert found.overall == pytest.approx(50, abs=1e-9)
        assert {it.versus.percentile for it in found.estimates.values()} == {0.5}
        assert {it.raw for it in found.estimates.values()} == {None}


@FEW
@given(st.lists(engagements(lately), max_size=25), surroundings, asked, grounds, scopes)
def test_no_figure_shames_on_noise(known, around, asked, ground, scope):
    """Below its floor a figure is not put into words, and no exclusion pushes one below it: what is struck was seen."""
    found = [
        told(step, around, asked) for step in (known, [strike(it, ground, scope) for it in known])
    ]  # fmt: skip
    for figure in FIGURES:
        before, after = (it.estimates[figure] for it in found)
        days = [cells for day, cells in [*came_to(known), *around] if day in asked[figure]]
        gross = sum(added(days).get(metric, 0) for metric in GROSS[figure])
        assert before.enough is after.enough is (gross >= HOUSE.floors[figure])
        for it in (before, after):
            assert it.enough or it.words == it.versus.words == NOT_YET
            assert it.enough is (it.words != NOT_YET) is (it.versus.words != NOT_YET)


def test_the_floor_sees_what_was_struck():
    requests = [(AS_OF - timedelta(days=40), {"lost": 1}), (AS_OF - timedelta(days=41), {"excluded": 9})]
    conversion = read(requests).estimates["conversion"]
    assert (conversion.enough, conversion.counts.lost, conversion.counts.excluded) == (True, 1, 9)


def test_a_part_without_data_keeps_its_weight():
    """Else a request struck from nothing but itself would lower the whole: 0 of 1 and no reviews, and so on."""
    lost = [(AS_OF - timedelta(days=40), {"lost": 1})]
    found = read(lost)
    u = found.estimates["conversion"].versus.percentile
    assert u < 0.5
    assert found.overall == pytest.approx(100 * (0.4 * u + 0.6 * 0.5), abs=1e-9)


@pytest.mark.parametrize(
    ("age", "weight"), [(-3, 0), (0, 0), (1, 40_000), (2, 110_000), (13, 920_000), (14, 1_000_000), (200, 1_000_000)]
)
def test_a_lost_request_counts_as_much_as_days_that_are_over_tell(age, weight):
    day = AS_OF - timedelta(days=age)
    assert BY.lost_weight("conversion", day) == weight
    found = read([(day, {"lost": 2})], windows(HOUSE, AS_OF + timedelta(days=9), days=0))
    conversion = found.estimates["conversion"]
    assert conversion.inputs["lost_weight"] == pytest.approx(2 * weight / MILLION)
    assert (conversion.counts.lost, conversion.counts.maturing) == ((2, 0) if age >= 14 else (0, 2))
    assert conversion.raw == (0 if age >= 14 else None)


def test_b1_an_unanswered_request_of_a_day_that_still_runs_is_open():
    for age, open_ in [(0, 1), (1, 0)]:
        found = read([(AS_OF - timedelta(days=age), {"unanswered": 1})])
        promise = found.estimates["reply_promise"]
        assert (promise.counts.maturing, promise.inputs["lost_weight"]) == (open_, 1 - open_)


@pytest.mark.parametrize(
    ("cells", "exposures"),
    [
        ({"views": 40, "contacts": 5, "gained": 2}, 40),
        ({"views": 40, "unviewed": 3, "contacts": 5, "gained": 2}, 37),
        ({"views": 3, "contacts": 5, "gained": 2}, 5),
        ({"unviewed": 2, "contacts": 2, "gained": 2}, 2),
    ],
)
def test_d14_a_contact_was_a_view_whether_or_not_it_was_counted(cells, exposures):
    found = read([(AS_OF, cells)]).estimates["effectiveness"]
    assert (found.inputs["won"], found.inputs["lost_weight"]) == (2, exposures - 2)
    assert found.shown["contact_rate"] == cells["contacts"] / exposures


days_and_cells = st.lists(
    st.tuples(
        st.integers(-5, 200).map(lambda age: AS_OF - timedelta(days=age)),
        st.dictionaries(st.sampled_from(["won", "lost", "gone", "kept", "unanswered", "views"]), st.integers(1, 9)),
    )
)
named = st.builds(
    lambda age, days: dict.fromkeys(FIGURES, Window(AS_OF - timedelta(days=age + days), AS_OF - timedelta(days=age))),
    st.integers(-5, 150), st.integers(0, 100),
)  # fmt: skip


@FEW
@given(days_and_cells, asked | named)
def test_bands_of_days_say_what_the_days_say(counted, asked):
    """Only days whose weights may differ are told apart, and no band crosses the edge of a window."""
    edges, last = bands(asked.values(), BY.as_of, BY.policy.longest_lag), max(window.last for window in asked.values())
    together: dict[date, Counter[str]] = {}
    for day, cells in counted:
        if edges[0] <= day <= last:
            together.setdefault(edges[bisect_right(edges, day) - 1], Counter()).update(cells)
    banded = [(day, dict(cells)) for day, cells in together.items()]
    assert read(banded, asked) == read(counted, asked)


@pytest.mark.parametrize(
    ("cells", "p50", "p90"),
    [
        ({}, None, None),
        ({"waited_4s": 1}, 4, 4),
        ({"waited_4s": 5, "waited_16s": 4, "waited_128s": 1}, 4, 16),
        ({"waited_4s": 4, "waited_16s": 4, "waited_128s": 2}, 16, 128),
        ({"waited_4s": 1, "waited_longer": 9}, None, None),
        ({"waited_68m": 9, "waited_longer": 1}, 4096, 4096),
    ],
)
def test_a_wait_is_told_to_the_end_of_its_bucket(cells, p50, p90):
    assert (waited(cells, 0.5), waited(cells, 0.9)) == (p50, p90)


def test_r7_only_what_is_almost_certain_is_called_a_difference():
    day = AS_OF - timedelta(days=20)
    for won, lost, words in [(30, 5, "above"), (5, 60, "below"), (9, 21, "in line with")]:
        found = read([(day, {"won": won, "lost": lost})]).estimates["conversion"]
        assert found.versus.words == f"{words} the platform average"
        assert found.words == f"{won} of {won + lost} requests led to a first session"


def test_young_requests_are_named_in_words():
    cells = [(AS_OF, {"lost": 3}), (AS_OF - timedelta(days=20), {"won": 8})]
    found = read(cells).estimates["conversion"]
    assert found.words == "8 of 11 requests led to a first session; 3 are too young to count in full"


def test_sessions_per_client_are_shown_and_not_rated():
    found = [read([(AS_OF - timedelta(days=20), {"gone": 2, "sessions": n})]) for n in (2, 9)]
    assert [it.estimates["retention"].shown["sessions_per_client"] for it in found] == [1, 4.5]
    assert list(numbers(found[0])) == list(numbers(found[1]))


def test_a_window_goes_forward():
    with pytest.raises(BackwardWindow):
        Window(AS_OF, AS_OF - timedelta(days=1))
    assert AS_OF in Window(AS_OF, AS_OF)
