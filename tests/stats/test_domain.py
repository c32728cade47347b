"""The algebra of figures: a function of the set of facts, whatever their order, repetition or lateness."""

from collections import Counter
from datetime import date, datetime, timedelta, timezone
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.support import Ground
from services.stats import domain
from services.stats.domain import (
    HOUSE,
    NOTHING,
    Cells,
    Day,
    Engagement,
    Entity,
    Entry,
    First,
    Gauge,
    Mark,
    Move,
    Opening,
    Restatement,
    Review,
    Ruling,
    Score,
    Session,
    change,
    worth,
)
from services.stats.domain.cells import WAITS
from tests.people import ANNA
from tests.stats.strategies import BEGUN, DUE, INSTANT, join, joined, once, states, tellings

TODAY = date(2026, 5, 2)
ANNAS = Entity("engagement", UUID(int=7), ANNA.id, "therapy")
FIRST_SESSION = BEGUN + timedelta(days=1)
BEGINNING = Opening(BEGUN, UUID(int=1), one_off=False, reply_due=BEGUN + DUE)
RULING = Ruling(1, UUID(int=5), True, UUID(int=60), "spam", "pre_session")
MERGE = Mark(1, UUID(int=7), True)
OPENED = Engagement(opening=BEGINNING)
ONE_OFF = Engagement(opening=BEGINNING._replace(one_off=True))
HELD = Engagement(sessions={UUID(int=50): Session(1, UUID(int=2), True, FIRST_SESSION)})
VOIDED = Engagement(sessions={UUID(int=50): Session(2, UUID(int=3), False, FIRST_SESSION)})
AGAIN = Engagement(sessions={UUID(int=51): Session(1, UUID(int=4), True, FIRST_SESSION + timedelta(days=7))})
STRUCK = Engagement(ruling=RULING)
REINSTATED = Engagement(ruling=Ruling(2, UUID(int=6), False, UUID(int=61), "spam", "pre_session"))
MERGED = Engagement(merge=MERGE)
SOLVED = Review(annulment=Mark(1, UUID(int=8), True))
LEFT = Review(left=First(BEGUN, UUID(int=9)), score=Score(1, UUID(int=9), 2))

kinds = pytest.mark.parametrize("kind", list(NOTHING))


def whole(*facts):
    """All of some facts about one engagement."""
    return joined("engagement", list(facts))


def at(name, moment, event_id=21):
    """Something that happens once, at a moment."""
    return once(name, First(moment, UUID(int=event_id)))


def moved(before, after):
    return Move(ANNAS, before, after)


@kinds
@given(st.data())
def test_joining_does_not_care_who_comes_first(kind, data):
    one, other = data.draw(states(kind, 2))
    assert one.join(other) == other.join(one)


@kinds
@given(st.data())
def test_joining_does_not_care_about_brackets(kind, data):
    one, two, three = data.draw(states(kind, 3))
    assert one.join(two).join(three) == one.join(two.join(three))


@kinds
@given(st.data())
def test_a_repetition_is_no_news(kind, data):
    (state,) = data.draw(states(kind, 1))
    assert state.join(state) == state == join(NOTHING[kind], state)


@kinds
@given(st.data())
def test_i1_counters_are_a_function_of_the_set_of_facts(kind, data):
    """Whatever the order, the repetitions and the batches, the differences add up to the worth of the whole."""
    known, batches = data.draw(tellings(kind))
    counters: Counter[tuple[date, str]] = Counter()
    state = NOTHING[kind]
    for batch in batches:
        before, state = state, join(state, joined(kind, batch))
        for day, deltas in change(before, state, HOUSE):
            counters.update({(day, metric): n for metric, n in deltas.items()})
    final = joined(kind, known)
    expected = {(final.day, metric): n for metric, n in worth(final, HOUSE).items() if n} if final else {}
    assert {cell: n for cell, n in counters.items() if n} == expected


@kinds
@given(st.data())
def test_every_line_names_an_event_that_was_just_told(kind, data):
    state = NOTHING[kind]
    for batch in data.draw(tellings(kind))[1]:
        before, state = state, join(state, joined(kind, batch))
        assert {it.event_id for it in domain.entries(moved(before, state), HOUSE)} <= set(events(batch))


def events(batch):
    """The ids of the events behind facts."""
    for fact in batch:
        if isinstance(fact, Gauge):
            yield fact.event_id
            continue
        registers = [getattr(fact, name) for name in fact.__struct_fields__ if name != "sessions"]
        yield from (it.event_id for it in (*registers, *getattr(fact, "sessions", {}).values()) if it)


@kinds
@given(st.data())
def test_restatements_stand_on_a_decision_just_told(kind, data):
    state = NOTHING[kind]
    for batch in data.draw(tellings(kind))[1]:
        before, state = state, join(state, joined(kind, batch))
        told = restatements(before, state)
        marks = [getattr(fact, name, None) for fact in batch for name in ("ruling", "merge", "annulment")]
        assert {it.event_id for it in told} <= {it.event_id for it in marks if it}


@pytest.mark.parametrize(
    ("known", "counts"),
    [
        ([HELD, VOIDED], {"lost": 1, "contacts": 1, "unanswered": 1}),
        ([HELD, AGAIN, VOIDED], {"won": 1, "contacts": 1, "gained": 1, "gone": 1, "sessions": 1, "unanswered": 1}),
        ([HELD, AGAIN], {"won": 1, "contacts": 1, "gained": 1, "gone": 1, "sessions": 2, "unanswered": 1}),
        ([STRUCK, REINSTATED], {"lost": 1, "contacts": 1, "unanswered": 1}),
        ([HELD, STRUCK, REINSTATED], worth(whole(OPENED, HELD), HOUSE)),
        ([HELD, MERGED], {"merged": 1, "unanswered": 1}),
        ([STRUCK, MERGED], {"merged": 1, "forgiven": 1}),
        ([HELD, at("withdrawal", BEGUN)], worth(whole(OPENED, HELD), HOUSE)),
    ],
)
def test_an_engagement_stands_in_one_place(known, counts):
    for facts in (known, known[::-1]):
        assert worth(whole(OPENED, *facts), HOUSE) == worth(whole(*facts, OPENED), HOUSE) == counts


@pytest.mark.parametrize(
    "known", [HELD, STRUCK, MERGED, HELD.join(STRUCK), at("reply", BEGUN), SOLVED, Engagement(), None]
)
def test_what_has_not_begun_counts_nowhere_yet(known):
    assert worth(known, HOUSE) == {}


def test_r8_a_one_off_is_marked_and_asked_for_no_return():
    assert worth(whole(ONE_OFF, HELD), HOUSE) == {"won": 1, "one_off": 1, "contacts": 1, "gained": 1, "unanswered": 1}
    assert worth(ONE_OFF, HOUSE) == {"lost": 1, "one_off": 1, "contacts": 1, "unanswered": 1}
    assert "one_off" not in worth(whole(ONE_OFF, STRUCK), HOUSE)


@pytest.mark.parametrize(
    ("after", "stands"),
    [(-DUE, "in_time"), (DUE - INSTANT, "in_time"), (DUE, "in_time"), (DUE + INSTANT, "late")],
)
def test_b1_a_reply_at_the_last_moment_of_the_promise_is_in_time(after, stands):
    counts = worth(whole(OPENED, at("reply", BEGUN + after)), HOUSE)
    assert {metric for metric in ("in_time", "late", "unanswered", "forgiven") if metric in counts} == {stands}


@pytest.mark.parametrize(
    ("gone", "replied", "standing"),
    [
        (DUE - INSTANT, None, "withdrawn"),
        (DUE, None, "lost"),
        (DUE - INSTANT, DUE, "withdrawn"),
        (DUE - INSTANT, DUE - INSTANT, "lost"),
        (2 * INSTANT, INSTANT, "lost"),
    ],
)
def test_a_withdrawal_is_early_before_an_answer_was_due_or_given(gone, replied, standing):
    facts = [at("withdrawal", BEGUN + gone)] + ([at("reply", BEGUN + replied)] if replied else [])
    assert standing in worth(whole(OPENED, *facts), HOUSE)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=9)])
def test_d11_a_refusal_parts_whichever_session_counts_in_the_end(later):
    """It was honoured, so session 1 was held by then; that it was disputed since, and ruled held, is later news."""
    ended = at("refusal", FIRST_SESSION)
    ruled = Engagement(sessions={UUID(int=50): Session(3, UUID(int=5), True, FIRST_SESSION + later)})
    parted = {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}
    assert worth(whole(OPENED, HELD, ended, VOIDED), HOUSE) == worth(OPENED, HOUSE)
    assert worth(whole(OPENED, HELD, ended, VOIDED, ruled), HOUSE) == parted
    assert worth(whole(OPENED, HELD, ended, VOIDED, AGAIN), HOUSE) == parted


@pytest.mark.parametrize(
    ("purchased", "refusal_id", "refused"),
    [(INSTANT, 30, True), (-INSTANT, 30, False), (timedelta(0), 30, True), (timedelta(0), 32, False)],
)
def test_r11_of_refusal_and_second_purchase_the_first_holds_and_a_tie_goes_by_event_id(purchased, refusal_id, refused):
    moment = FIRST_SESSION + timedelta(days=3)
    facts = [OPENED, HELD, at("refusal", moment, refusal_id), at("purchase", moment + purchased, 31)]
    for order in (facts, facts[::-1]):
        counts = worth(whole(*order), HOUSE)
        assert [metric for metric in ("refused", "kept", "gone") if metric in counts] == [
            "refused" if refused else "kept"
        ]


def test_d8_a_session_that_was_called_off_costs_no_figure():
    for known in ([OPENED], [OPENED, HELD]):
        off = Engagement(sessions={UUID(int=52): Session(1, UUID(int=6), False, FIRST_SESSION)})
        assert worth(whole(*known, off), HOUSE) == worth(whole(*known), HOUSE)


def test_r13_a_refusal_takes_no_win_and_needs_one():
    ended = at("refusal", FIRST_SESSION)
    assert worth(whole(OPENED, HELD, ended), HOUSE) == {
        "won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1,
    }  # fmt: skip
    assert worth(whole(OPENED, ended), HOUSE) == worth(OPENED, HOUSE)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (-5, "waited_4s"), (0, "waited_4s"), (4, "waited_4s"), (4.000001, "waited_8s"), (8, "waited_8s"),
        (16, "waited_16s"), (30, "waited_32s"), (64.000001, "waited_128s"), (512, "waited_512s"), (1024, "waited_17m"),
        (1024.5, "waited_34m"), (4096, "waited_68m"), (4096.000001, "waited_longer"), (10**6, "waited_longer"),
    ],
)  # fmt: skip
def test_a_wait_falls_into_one_bucket_with_its_end(seconds, bucket):
    counts = worth(whole(OPENED, at("reply", BEGUN + timedelta(seconds=seconds))), HOUSE)
    assert {metric: counts[metric] for metric in WAITS if metric in counts} == {bucket: 1}


@pytest.mark.parametrize("ground", get_args(Ground))
@pytest.mark.parametrize("known", [OPENED, OPENED.join(HELD)])
def test_d14_only_spam_and_tests_were_no_views_either(ground, known):
    counts = worth(known.join(Engagement(ruling=RULING._replace(ground=ground))), HOUSE)
    assert ("unviewed" in counts) is (ground in {"spam", "platform_test"})
    assert {"contacts", "gained"} & counts.keys() == set()


def test_d1_an_exclusion_forgives_a_breach_and_takes_no_promise_kept():
    prompt, slow = at("reply", BEGUN + DUE), at("reply", BEGUN + 2 * DUE)
    for scope in ("pre_session", "conversion", "effectiveness"):
        struck = Engagement(ruling=RULING._replace(scope=scope))
        assert "in_time" in worth(whole(OPENED, prompt, struck), HOUSE)
        assert "forgiven" in worth(whole(OPENED, slow, struck), HOUSE)
        assert "late" in worth(whole(OPENED, slow, HELD, struck), HOUSE)


@pytest.mark.parametrize("stars", [1, 5])
def test_p12_an_annulled_review_counts_as_annulled_only(stars):
    left = Review(left=LEFT.left, score=Score(1, UUID(int=9), stars))
    assert worth(left, HOUSE) == {"reviews": 1, "stars": stars}
    assert worth(left.join(SOLVED), HOUSE) == {"annulled": 1}
    assert worth(left.join(SOLVED).join(Review(annulment=Mark(2, UUID(int=12), False))), HOUSE) == worth(left, HOUSE)


def test_d14_of_several_counts_of_a_day_the_greatest_is_all():
    three, seven = (Gauge(BEGUN.date(), views, UUID(int=views)) for views in (3, 7))
    assert three.join(seven) == seven.join(three) == seven.join(seven) == seven
    assert worth(seven, HOUSE) == {"views": 7}


def test_the_earlier_opening_holds_with_all_it_says():
    later = Engagement(opening=Opening(BEGUN + INSTANT, UUID(int=0), one_off=True, reply_due=BEGUN))
    assert later.join(OPENED) == OPENED.join(later) == OPENED


def test_a_tie_of_versions_goes_to_the_greater_event_id():
    other = Engagement(ruling=RULING._replace(event_id=UUID(int=6), excluded=False))
    assert STRUCK.join(other) == other.join(STRUCK) == other


def test_a_day_moves_whole():
    earlier = Engagement(opening=BEGINNING._replace(at=BEGUN - timedelta(days=2), event_id=UUID(int=11)))
    before, after = whole(OPENED, HELD), whole(OPENED, HELD, earlier)
    gone, come = change(before, after, HOUSE)
    assert gone == (BEGUN.date(), {metric: -n for metric, n in worth(before, HOUSE).items()})
    assert come == (BEGUN.date() - timedelta(days=2), worth(after, HOUSE))


def test_a_cohort_day_is_a_day_of_utc():
    late = datetime(2026, 3, 5, 23, 30, tzinfo=timezone(timedelta(hours=-3)))
    assert domain.utc_day(late) == date(2026, 3, 6)
    assert Engagement(opening=BEGINNING._replace(at=late)).day == date(2026, 3, 6)


def test_a_line_names_what_changed_and_the_event():
    (line,) = domain.entries(moved(OPENED, OPENED.join(HELD)), HOUSE)
    deltas: Cells = {"lost": -1, "won": 1, "gained": 1, "gone": 1, "sessions": 1}
    assert line == Entry(ANNAS, BEGUN.date(), deltas, UUID(int=2), None)


def test_what_no_counter_notices_has_no_line():
    late = at("purchase", BEGUN + timedelta(days=9))
    assert list(domain.entries(moved(OPENED, OPENED.join(late)), HOUSE)) == []


@pytest.mark.parametrize(
    ("known", "news", "decision"),
    [
        ([], OPENED, None),
        ([OPENED], HELD, None),
        ([OPENED], STRUCK, 60),
        ([STRUCK], OPENED, 60),
        ([OPENED, STRUCK], HELD, 60),
        ([OPENED, STRUCK], REINSTATED, 61),
        ([OPENED, STRUCK, REINSTATED], HELD, None),
        ([OPENED], MERGED, None),
    ],
)
def test_a_line_names_the_decision_that_struck_its_request_or_put_it_back(known, news, decision):
    before = whole(*known)
    (line,) = domain.entries(moved(before, before.join(news)), HOUSE)
    assert line.decision_id == (decision and UUID(int=decision))


def restatements(before, after, today=TODAY):
    """What is told of a move."""
    told = [
        domain.restatement(moved(before, after), it, today=today) for it in domain.entries(moved(before, after), HOUSE)
    ]
    return [it for it in told if it]


@pytest.mark.parametrize(
    ("before", "news", "said"),
    [
        (OPENED, STRUCK, ("exclusion", 5, 60)),
        (OPENED.join(STRUCK), REINSTATED, ("exclusion", 6, 61)),
        (OPENED, MERGED, ("merge", 7, None)),
        (OPENED.join(STRUCK), MERGED, ("merge", 7, 60)),
        (LEFT, SOLVED, ("annulment", 8, None)),
        (LEFT.join(SOLVED), Review(annulment=Mark(2, UUID(int=12), False)), ("annulment", 12, None)),
    ],
)
def test_a_decision_on_a_day_that_is_over_restates_it(before, news, said):
    (it,) = restatements(before, before.join(news))
    cause, event_id, decision = said
    deltas = dict(change(before, before.join(news), HOUSE))[BEGUN.date()]
    assert it == Restatement(
        Day(ANNA.id, "therapy", BEGUN.date()), deltas, cause, UUID(int=event_id), decision and UUID(int=decision)
    )
    assert restatements(before, before.join(news), today=BEGUN.date()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STRUCK, STRUCK.join(OPENED)),
        (Engagement(), OPENED.join(STRUCK)),
        (OPENED, OPENED.join(HELD)),
        (OPENED.join(STRUCK), whole(OPENED, STRUCK, HELD)),
        (OPENED, whole(OPENED, HELD, REINSTATED)),
        (OPENED, whole(OPENED, HELD, Engagement(merge=MERGE._replace(set=False)))),
        (LEFT, LEFT.join(Review(score=Score(2, UUID(int=13), 5), annulment=Mark(1, UUID(int=14), False)))),
        (OPENED, whole(OPENED, STRUCK, Engagement(opening=BEGINNING._replace(at=BEGUN - timedelta(days=1))))),
    ],
)
def test_what_was_never_shown_otherwise_or_was_not_decided_is_not_restated(before, after):
    assert restatements(before, after) == []


@given(st.lists(st.dictionaries(st.sampled_from(["won", "lost"]), st.integers(-1, 1), min_size=1), max_size=6))
def test_restatements_of_a_day_lead_up_to_what_is_counted(changes):
    day = Day(ANNA.id, "therapy", BEGUN.date())
    told = [Restatement(day, deltas, "exclusion", UUID(int=4), UUID(int=60)) for deltas in changes]
    counted: Cells = {"won": 20, "lost": 30}
    stands: Cells = {name: n - sum(deltas.get(name, 0) for deltas in changes) for name, n in counted.items()}
    for it, before, after in domain.in_turn(told, {day: counted}):
        assert before == {metric: stands[metric] for metric in it.deltas}
        stands |= after
        assert after == {metric: before[metric] + n for metric, n in it.deltas.items()}
    assert stands == counted
