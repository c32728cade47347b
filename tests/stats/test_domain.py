"""The algebra of figures: a function of the set of facts, whatever their order, repetition or lateness."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats import domain
from services.stats.domain import (
    NOT_YET,
    BackwardWindow,
    Conversion,
    Counts,
    Day,
    Engagement,
    Key,
    Opening,
    Restatement,
    Ruling,
    Session,
    Span,
    State,
    Window,
    WindowTooLong,
    contribution,
    engagement,
    join,
)
from tests.people import ANNA

MARCH = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
KEY = Key(UUID(int=7), ANNA.id, "therapy")
OPENED = State(opening=Opening(MARCH, UUID(int=1), one_off=False))
HELD = State(sessions={UUID(int=50): Session(1, UUID(int=2), held=True)})
VOIDED = State(sessions={UUID(int=50): Session(2, UUID(int=3), held=False)})
STRUCK = State(ruling=Ruling(1, UUID(int=4), excluded=True, decision_id=UUID(int=60)))
REINSTATED = State(ruling=Ruling(2, UUID(int=5), excluded=False, decision_id=UUID(int=61)))

moments = st.datetimes(datetime(2026, 2, 1), datetime(2026, 2, 4), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
versions = st.integers(1, 3)
decisions = st.integers(60, 63).map(lambda n: UUID(int=n))
session_ids = st.integers(50, 52).map(lambda n: UUID(int=n))


@st.composite
def facts(draw):
    """Distinct facts about one engagement, each with an event id of its own, with many ties of time and version."""
    found = []
    for n in draw(st.permutations(range(1, 9)))[: draw(st.integers(0, 8))]:
        event_id = UUID(int=n)
        opening = st.builds(Opening, moments, st.just(event_id), st.booleans()).map(lambda it: State(opening=it))
        ruling = st.builds(Ruling, versions, st.just(event_id), st.booleans(), decisions).map(
            lambda it: State(ruling=it)
        )
        session = st.builds(Session, versions, st.just(event_id), st.booleans())
        sessions = st.dictionaries(session_ids, session, min_size=1, max_size=1).map(lambda it: State(sessions=it))
        found.append(draw(opening | sessions | ruling))
    return found


@st.composite
def states(draw, how_many):
    """Several states that were told overlapping parts of the same facts."""
    known = draw(facts())
    subsets = [draw(st.sets(st.sampled_from(range(len(known))))) if known else set() for _ in range(how_many)]
    return [reduce(join, (known[i] for i in subset), State()) for subset in subsets]


@st.composite
def tellings(draw):
    """Facts, and a telling of them in any order, some of them again."""
    known = draw(facts())
    again = draw(st.lists(st.sampled_from(known), max_size=4)) if known else []
    return known, draw(st.permutations(known + again))


@given(states(2))
def test_joining_does_not_care_who_comes_first(two):
    one, other = two
    assert join(one, other) == join(other, one)


@given(states(3))
def test_joining_does_not_care_about_brackets(three):
    one, two, last = three
    assert join(join(one, two), last) == join(one, join(two, last))


@given(states(1))
def test_a_repetition_is_no_news(states):
    (state,) = states
    assert join(state, state) == state
    assert join(state, State()) == state


@given(tellings())
def test_counters_are_a_function_of_the_set_of_facts(tale):
    known, telling = tale
    counters: Counter[tuple[date, str]] = Counter()
    state = State()
    for fact in telling:
        before, state = state, join(state, fact)
        counters.update(domain.change(engagement(before), engagement(state)))
    whole = contribution(engagement(reduce(join, known, State())))
    assert {cell: n for cell, n in counters.items() if n} == whole


@given(tellings(), st.data())
def test_counters_do_not_depend_on_batches(tale, data):
    known, telling = tale
    cut = data.draw(st.integers(0, len(telling)))
    batches = [reduce(join, batch, State()) for batch in (telling[:cut], telling[cut:])]
    assert reduce(join, batches, State()) == reduce(join, known, State())


@given(tellings())
def test_every_change_names_an_event_that_was_just_told(tale):
    _, telling = tale
    state = State()
    for fact in telling:
        before, state = engagement(state), join(state, fact)
        if before != engagement(state):
            (event_id,) = {
                register.event_id for register in (fact.opening, fact.ruling, *fact.sessions.values()) if register
            }
            assert domain.move(KEY, before, engagement(state), fact, None).event_id == event_id


@pytest.mark.parametrize(
    ("known", "standing"),
    [
        ([OPENED], "lost"),
        ([OPENED, HELD], "won"),
        ([OPENED, HELD, VOIDED], "lost"),
        ([OPENED, STRUCK], "excluded"),
        ([OPENED, HELD, STRUCK], "excluded"),
        ([OPENED, HELD, STRUCK, REINSTATED], "won"),
        ([OPENED, STRUCK, REINSTATED], "lost"),
    ],
)
def test_an_engagement_stands_in_one_place(known, standing):
    for order in (known, known[::-1]):
        assert contribution(engagement(reduce(join, order))) == {(MARCH.date(), standing): 1}


@pytest.mark.parametrize("known", [[HELD], [STRUCK], [HELD, STRUCK], []])
def test_what_has_not_begun_counts_nowhere_yet(known):
    assert contribution(engagement(reduce(join, known, State()))) == {}


def test_the_earlier_opening_holds():
    later = State(opening=Opening(MARCH + timedelta(days=3), UUID(int=9), one_off=True))
    assert join(later, OPENED) == join(OPENED, later) == OPENED


def test_a_tie_of_versions_goes_to_the_greater_event_id():
    one = State(ruling=Ruling(1, UUID(int=4), excluded=True, decision_id=UUID(int=60)))
    other = State(ruling=Ruling(1, UUID(int=5), excluded=False, decision_id=UUID(int=61)))
    assert join(one, other) == join(other, one) == other


def test_a_session_more_is_not_a_request_more():
    second = State(sessions={UUID(int=51): Session(1, UUID(int=8), held=True)})
    assert contribution(engagement(reduce(join, [OPENED, HELD, second]))) == {(MARCH.date(), "won"): 1}
    assert contribution(engagement(reduce(join, [OPENED, HELD, second, VOIDED]))) == {(MARCH.date(), "won"): 1}


def test_a_cohort_day_is_a_day_of_utc():
    late = datetime(2026, 3, 5, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert domain.cohort_day(late) == date(2026, 3, 6)


def test_nothing_counted_is_not_zero():
    assert Conversion(excluded=3).estimate is None
    assert Conversion(excluded=3).words == NOT_YET
    assert Conversion(lost=1).estimate == 0


def test_what_is_excluded_is_in_neither_number():
    figure = Conversion(won=12, lost=25, excluded=4)
    assert figure.estimate == Fraction(12, 37)
    assert figure.words == "12 of 37 requests led to a first session"


@given(st.integers(0, 60), st.integers(0, 60))
def test_excluding_a_lost_request_lowers_nothing_and_excluding_a_won_one_raises_nothing(won, lost):
    now = Conversion(won, lost).estimate
    without_lost = Conversion(won, lost - 1).estimate if lost else None
    without_won = Conversion(won - 1, lost).estimate if won else None
    if now is not None:
        assert without_lost is None or without_lost >= now
        assert without_won is None or without_won <= now


def moved(before, after, fact):
    return domain.move(KEY, before, after, fact, fact.ruling and fact.ruling.decision_id)


def test_a_decision_on_a_past_day_restates_it():
    struck = moved(Engagement(MARCH, 0, False), Engagement(MARCH, 0, True), STRUCK)
    (restatement,) = domain.restatements([struck], today=date(2026, 4, 1))
    day = Day(ANNA.id, "therapy", MARCH.date())
    assert restatement == Restatement(day, UUID(int=4), UUID(int=60), won=0, lost=-1)


@pytest.mark.parametrize(
    "quiet",
    [
        moved(Engagement(None, 0, False), Engagement(None, 0, True), STRUCK),
        moved(Engagement(None, 0, True), Engagement(MARCH, 0, True), OPENED),
        moved(Engagement(None, 0, False), Engagement(MARCH, 0, True), join(OPENED, STRUCK)),
        moved(Engagement(MARCH, 0, False), Engagement(MARCH, 1, False), HELD),
    ],
)
def test_what_was_never_shown_otherwise_or_was_not_decided_is_not_restated(quiet):
    assert not list(domain.restatements([quiet], today=date(2026, 4, 1)))


def test_a_day_that_still_runs_is_not_restated():
    struck = moved(Engagement(MARCH, 0, False), Engagement(MARCH, 0, True), STRUCK)
    assert not list(domain.restatements([struck], today=MARCH.date()))


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), max_size=6))
def test_restatements_of_a_day_lead_up_to_what_is_counted(changes):
    day = Day(ANNA.id, "therapy", MARCH.date())
    told = [Restatement(day, UUID(int=4), UUID(int=60), won, lost) for won, lost in changes]
    at = None
    for it, before, after in domain.in_turn(told, {day: Counts(20, 30)}):
        assert at in {None, before}
        assert after == before.plus(it.won, it.lost)
        at = after
    assert at in {None, Counts(20, 30)}


def test_a_window_goes_forward_and_is_not_endless():
    with pytest.raises(BackwardWindow):
        Window(date(2026, 3, 2), date(2026, 3, 1))
    with pytest.raises(WindowTooLong):
        Window(date(2000, 1, 1), date(2026, 3, 1))
    with pytest.raises(BackwardWindow):
        Span(MARCH, MARCH - timedelta(seconds=1))
    assert Window(MARCH.date(), MARCH.date()).first == MARCH.date()
