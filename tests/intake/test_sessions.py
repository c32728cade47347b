"""The rules of sessions, without a database."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from libs.events.intake import SessionDisputed, SessionHeld, SessionMissed, SessionMoved, SessionVoided
from services.intake import domain
from services.intake.domain import Session, SessionRules, Told, sessions
from tests.intake.meetings import BEGUN, FIRST, HOUR, TICK
from tests.people import ANNA, BORIS, OLENA, THERAPY

RULES = SessionRules()
NOTICE, ABSENT, DISPUTE = RULES.notice, RULES.absent_after, RULES.dispute_within
TOLD_AT = FIRST + HOUR


def agreed(**known: Any) -> Session:
    request_id = uuid7()
    facts: dict[str, Any] = {
        "id": uuid7(), "tenant": THERAPY, "request_id": request_id, "booked_under": request_id, "client_id": OLENA.id,
        "specialist_id": ANNA.id, "number": 1, "starts_at": FIRST, "agreed_at": BEGUN,
    }  # fmt: skip
    return Session(**facts | known)


def kinds(told: Told) -> list[type]:
    return [type(event) for event in told.says]


def settle(session: Session, side: Any, outcome: Any, at: Any = TOLD_AT) -> Session:
    return sessions.settle(session, side, outcome, now=at, rules=RULES).after


def test_a_session_is_there_for_its_two_sides_only() -> None:
    assert (domain.side_of(agreed(), OLENA.id), domain.side_of(agreed(), ANNA.id)) == ("client", "specialist")
    for session in (agreed(), None):
        with pytest.raises(domain.SessionUnknown):
            domain.side_of(session, BORIS.id)


@pytest.mark.parametrize("side", ["client", "specialist"])
def test_d8_a_session_has_no_outcome_before_it_begins(side: Any) -> None:
    """Not a microsecond before; at the start it may be told."""
    with pytest.raises(domain.SessionNotStarted):
        sessions.settle(agreed(), side, "held", now=FIRST - TICK, rules=RULES)
    told = sessions.settle(agreed(), side, "held", now=FIRST, rules=RULES)
    assert (kinds(told), told.after.outcome, told.after.version, told.after.evidence) == (
        [SessionHeld],
        "held",
        1,
        "one",
    )


def test_d8_saying_it_again_says_nothing_new_and_a_change_of_mind_is_a_version() -> None:
    held = settle(agreed(), "specialist", "held")
    assert sessions.settle(held, "specialist", "held", now=TOLD_AT, rules=RULES) == Told(held)
    void = sessions.settle(held, "specialist", "void", now=TOLD_AT, rules=RULES)
    assert (kinds(void), void.after.version, void.after.outcome) == ([SessionVoided], 2, "void")
    # Corrections of one's own word know no hour.
    again = sessions.settle(void.after, "specialist", "held", now=TOLD_AT + timedelta(days=100), rules=RULES)
    assert (kinds(again), again.after.version) == ([SessionHeld], 3)


def test_d8_both_outweigh_one_and_can_no_longer_be_disputed() -> None:
    both = sessions.settle(settle(agreed(), "specialist", "held"), "client", "held", now=TOLD_AT, rules=RULES)
    assert (kinds(both), both.after.evidence, both.after.version) == ([], "both", 1)
    for side in ("client", "specialist"):
        with pytest.raises(domain.BothAgreed):
            sessions.dispute(both.after, side, now=TOLD_AT, rules=RULES)
        with pytest.raises(domain.BothAgreed):
            settle(both.after, side, "void")


@pytest.mark.parametrize(("one", "other"), [("client", "specialist"), ("specialist", "client")])
def test_d8_a_dispute_voids_a_one_sided_word_until_both_agree(one: Any, other: Any) -> None:
    disputed = sessions.dispute(settle(agreed(), one, "held"), other, now=TOLD_AT, rules=RULES)
    assert kinds(disputed) == [SessionDisputed, SessionVoided]
    assert (disputed.says[0].by, disputed.after.evidence, disputed.after.version) == (other, "disputed", 2)  # type: ignore[attr-defined]
    assert sessions.dispute(disputed.after, other, now=TOLD_AT, rules=RULES) == Told(disputed.after)
    agreed_on = sessions.settle(disputed.after, other, "held", now=TOLD_AT + DISPUTE * 9, rules=RULES)
    assert (kinds(agreed_on), agreed_on.after.evidence, agreed_on.after.version) == ([SessionHeld], "both", 3)


def test_d8_the_time_to_dispute_ends_to_the_microsecond() -> None:
    """72 hours, half-open; and an own word that is changed gives the other side its time anew."""
    held = settle(agreed(), "specialist", "held")
    end = TOLD_AT + DISPUTE
    assert timedelta(hours=72) == DISPUTE
    assert sessions.dispute(held, "client", now=end - TICK, rules=RULES).after.outcome == "void"
    with pytest.raises(domain.DisputeTooLate) as late:
        sessions.dispute(held, "client", now=end, rules=RULES)
    assert late.value.extra() == {"at": end}
    with pytest.raises(domain.DisputeTooLate):
        settle(held, "client", "void", end)
    assert settle(held, "client", "held", end).evidence == "both"
    anew = settle(settle(held, "specialist", "void", end), "specialist", "held", end + HOUR)
    assert sessions.dispute(anew, "client", now=end + DISPUTE, rules=RULES).after.outcome == "void"


def test_d8_only_what_the_other_side_calls_held_is_disputed() -> None:
    for session in (agreed(), settle(agreed(), "client", "held"), settle(agreed(), "specialist", "void")):
        with pytest.raises(domain.NothingToDispute):
            sessions.dispute(session, "client", now=TOLD_AT, rules=RULES)


def test_d8_a_no_from_before_makes_a_later_yes_a_dispute() -> None:
    """Whoever spoke first: one says that it was held, the other that it was not."""
    told = sessions.settle(settle(agreed(), "specialist", "void"), "client", "held", now=TOLD_AT, rules=RULES)
    assert kinds(told) == [SessionDisputed]
    assert (told.says[0].by, told.after.outcome) == ("specialist", "void")  # type: ignore[attr-defined]


def test_d8_support_outweighs_both() -> None:
    disputed = sessions.dispute(settle(agreed(), "specialist", "held"), "client", now=TOLD_AT, rules=RULES).after
    ruled = sessions.rule(disputed, "held", now=TOLD_AT)
    assert (kinds(ruled), ruled.after.version, ruled.after.evidence) == ([SessionHeld], 3, "support")
    with pytest.raises(domain.SupportHasDecided):
        settle(ruled.after, "client", "held")
    with pytest.raises(domain.SessionNotStarted):
        sessions.rule(agreed(), "held", now=FIRST - TICK)


@pytest.mark.parametrize(
    ("side", "absent", "counts"), [("specialist", "client", "held"), ("client", "specialist", "void")]
)
def test_d8_who_is_not_there_after_a_quarter_of_an_hour_has_not_come(side: Any, absent: Any, counts: Any) -> None:
    """The client's absence counts as held, the specialist's does not; not a microsecond before 15 minutes."""
    due = FIRST + timedelta(minutes=15)
    assert due == FIRST + ABSENT
    with pytest.raises(domain.StillAwaited) as early:
        sessions.miss(agreed(), side, now=due - TICK, rules=RULES)
    assert early.value.extra() == {"at": due}
    told = sessions.miss(agreed(), side, now=due, rules=RULES)
    assert kinds(told) == [SessionMissed, sessions.TOLD[counts]]
    assert (told.says[0].absent, told.after.outcome, told.after.absent) == (absent, counts, absent)  # type: ignore[attr-defined]
    assert sessions.miss(told.after, side, now=due, rules=RULES) == Told(told.after)


def test_d8_an_absence_may_be_disputed_and_taken_back() -> None:
    missed = sessions.miss(agreed(), "specialist", now=TOLD_AT, rules=RULES).after
    assert kinds(sessions.dispute(missed, "client", now=TOLD_AT, rules=RULES)) == [SessionDisputed, SessionVoided]
    taken_back = settle(missed, "specialist", "void")
    assert (taken_back.absent, taken_back.outcome) == (None, "void")


def test_d8_who_has_spoken_was_there_or_says_so() -> None:
    """Each says of the other that they did not come: that is a dispute, and no second absence."""
    missed = sessions.miss(agreed(), "client", now=TOLD_AT, rules=RULES).after
    against = sessions.miss(missed, "specialist", now=TOLD_AT, rules=RULES)
    assert (kinds(against), against.after.absent, against.after.outcome) == ([SessionDisputed], "specialist", "void")


def test_d8_nobody_misses_what_was_cancelled_or_entered_afterwards() -> None:
    cancelled = sessions.cancel(agreed(), "client", now=BEGUN, rules=RULES).after
    with pytest.raises(domain.SessionOver):
        sessions.miss(cancelled, "specialist", now=TOLD_AT, rules=RULES)
    with pytest.raises(domain.EnteredAfterwards):
        sessions.miss(agreed(agreed_at=FIRST + TICK), "specialist", now=TOLD_AT, rules=RULES)
    assert sessions.miss(agreed(agreed_at=FIRST), "specialist", now=TOLD_AT, rules=RULES).after.outcome == "held"


def test_d8_a_client_gives_notice_a_day_before_or_none() -> None:
    """Exactly 24 hours are notice; a microsecond less is none, for moving too."""
    last = FIRST - timedelta(hours=24)
    assert last == FIRST - NOTICE
    told = sessions.cancel(agreed(), "client", now=last, rules=RULES)
    assert (kinds(told), told.after.cancelled_by) == ([SessionVoided], "client")
    assert sessions.cancel(told.after, "client", now=FIRST, rules=RULES) == Told(told.after)
    for late in (last + TICK, FIRST - TICK):
        with pytest.raises(domain.NoticeTooLate):
            sessions.cancel(agreed(), "client", now=late, rules=RULES)
        with pytest.raises(domain.NoticeTooLate):
            sessions.move(agreed(), "client", FIRST + HOUR, now=late, rules=RULES)
    assert kinds(sessions.move(agreed(), "client", FIRST + HOUR, now=last, rules=RULES)) == [SessionMoved]


def test_d8_a_specialist_cancels_until_the_start_and_says_so_after_it() -> None:
    assert sessions.cancel(agreed(), "specialist", now=FIRST - TICK, rules=RULES).after.outcome == "void"
    with pytest.raises(domain.SessionStarted):
        sessions.cancel(agreed(), "specialist", now=FIRST, rules=RULES)
    cancelled = sessions.cancel(agreed(), "specialist", now=BEGUN, rules=RULES).after
    met = settle(cancelled, "specialist", "held")
    assert (met.cancelled_by, met.outcome, met.version) == (None, "held", 2)


def test_d8_a_specialist_moves_a_missed_session_free_for_force_majeure() -> None:
    """Instead of reporting it; nobody else may after the start, and nobody once it was told."""
    spent = agreed(moves=RULES.moves)
    told = sessions.move(spent, "specialist", FIRST + timedelta(days=7), now=TOLD_AT, rules=RULES)
    assert (kinds(told), told.after.moves, told.after.outcome) == ([SessionMoved], RULES.moves, None)
    with pytest.raises(domain.NoticeTooLate):
        sessions.move(spent, "client", FIRST + timedelta(days=7), now=TOLD_AT, rules=RULES)
    with pytest.raises(domain.SessionOver):
        sessions.move(settle(spent, "client", "held"), "specialist", FIRST + HOUR, now=TOLD_AT, rules=RULES)


def test_c8_a_session_is_moved_a_few_times_and_not_into_the_past_or_next_year() -> None:
    session = agreed()
    for n in range(RULES.moves):
        session = sessions.move(session, "client", FIRST + HOUR * (n + 1), now=BEGUN, rules=RULES).after
    with pytest.raises(domain.MovedTooOften):
        sessions.move(session, "specialist", FIRST, now=BEGUN, rules=RULES)
    assert sessions.move(session, "client", session.starts_at, now=BEGUN, rules=RULES) == Told(session)
    with pytest.raises(domain.SessionInThePast):
        sessions.move(agreed(), "specialist", BEGUN, now=BEGUN, rules=RULES)
    with pytest.raises(domain.SessionTooFarAhead):
        sessions.move(agreed(), "specialist", BEGUN + RULES.ahead + TICK, now=BEGUN, rules=RULES)
    assert sessions.move(agreed(), "specialist", BEGUN + RULES.ahead, now=BEGUN, rules=RULES).after.moves == 1


MOMENTS = st.integers(0, 200).map(lambda hours: FIRST - HOUR * 30 + HOUR * hours)
SIDES, WORDS = st.sampled_from(["client", "specialist"]), st.sampled_from(["held", "void"])
DOES = st.sampled_from(["settle", "dispute", "miss", "cancel", "rule"])


@given(st.lists(st.tuples(DOES, SIDES, WORDS, MOMENTS), max_size=12))
def test_d8_whatever_is_said_the_register_follows_from_the_words(deeds: list[Any]) -> None:
    """Versions only grow, one per event; a session is held if somebody says so and nobody says otherwise."""
    session, versions = agreed(), [0]
    for does, side, word, now in sorted(deeds, key=lambda deed: deed[3]):
        try:
            told = _done(session, does, side, word, now)
        except domain.SessionUnknown:
            raise
        except (domain.BothAgreed, domain.DisputeTooLate, domain.NothingToDispute, domain.NoticeTooLate):
            continue
        except (domain.SessionNotStarted, domain.SessionStarted, domain.SessionOver, domain.StillAwaited):
            continue
        except domain.SupportHasDecided:
            assert session.ruled is not None
            continue
        session = told.after
        versions += [event.version for event in told.says if isinstance(event, SessionHeld | SessionVoided)]
        assert session.outcome == session.worth()
        assert (session.outcome == "held") == (
            session.ruled == "held"
            or (session.ruled is None and {session.client_said, session.specialist_said} in ({"held"}, {"held", None}))
        )
    assert versions == list(range(session.version + 1))


def _done(session: Session, does: str, side: Any, word: Any, now: Any) -> Told:
    if does == "settle":
        return sessions.settle(session, side, word, now=now, rules=RULES)
    if does == "rule":
        return sessions.rule(session, word, now=now)
    return getattr(sessions, does)(session, side, now=now, rules=RULES)  # type: ignore[no-any-return]
