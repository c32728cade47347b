"""What becomes of a request after its race, without a database: promise, silence, hand-over, danger."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from libs.events.intake import (
    CooldownReleased,
    ReplyPromiseKept,
    ReplyPromiseMissed,
    RequestAccepted,
    RequestExpired,
    RequestReleased,
    RequestWithdrawn,
)
from libs.events.support import ExclusionDecided
from services.intake.domain import (
    AnswerComesFirst,
    ChatComesFirst,
    Former,
    RaceRules,
    ReferredToYourself,
    Request,
    look_at,
    turns,
)
from tests.people import ANNA, BORIS, OLENA, THERAPY

RULES = RaceRules()
NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROMISED, DAY, REST = timedelta(seconds=30), timedelta(days=1), timedelta(minutes=20)
TRAVELS, TICK = RULES.reply_travels, timedelta(microseconds=1)


def a_request(**known: Any) -> Request:
    facts: dict[str, Any] = {
        "id": uuid7(), "tenant": THERAPY, "client_id": OLENA.id, "kind": "chat", "locale": "uk", "one_off": False,
        "opened_at": NOON, "promised_until": NOON + PROMISED, "shown_at": NOON, "closes_at": NOON + DAY,
    }  # fmt: skip
    return Request(**facts | known)


def taken(at: datetime = NOON, due: datetime = NOON + PROMISED, **known: Any) -> Request:
    return a_request(accepted_by=ANNA.id, accepted_at=at, rest_until=at + REST, reply_due=due, **known)


def kinds(turn: turns.Turn) -> list[type]:
    return [type(said) for said in turn.says]


def said(turn: turns.Turn, kind: type) -> Any:
    [found] = [each for each in turn.says if type(each) is kind]
    return found


def test_b1_d6_a_promise_is_missed_once_and_not_before_a_late_reply_can_have_come() -> None:
    """The clock runs from the submit, whoever has the request; news of an answer may be under way."""
    request, due = a_request(), NOON + PROMISED + TRAVELS
    assert turns.pass_time(request, now=due - TICK, rules=RULES).says == ()
    missed = turns.pass_time(request, now=due, rules=RULES)
    assert said(missed, ReplyPromiseMissed).specialist_id is None
    assert missed.after.open
    assert turns.pass_time(missed.after, now=due + REST, rules=RULES).says == ()


def test_d6_a_silent_winner_loses_the_request_to_everybody_else() -> None:
    """Released, barred, back in the feed in another round; the one who was silent is named."""
    turn = turns.pass_time(taken(), now=NOON + PROMISED + TRAVELS, rules=RULES)
    assert kinds(turn) == [ReplyPromiseMissed, RequestReleased]
    assert said(turn, ReplyPromiseMissed).specialist_id == ANNA.id
    assert (said(turn, RequestReleased).reason, said(turn, RequestReleased).again, turn.bars) == (
        "silent",
        True,
        "silent",
    )
    assert (turn.after.open, turn.after.round, turn.after.shown_at) == (True, 2, NOON + PROMISED + TRAVELS)


def test_d6_a_breach_is_never_blamed_on_who_took_the_request_later() -> None:
    """They have their own time, and when the promise breaks meanwhile nobody is named."""
    late = taken(at=NOON + PROMISED - TICK, due=NOON + PROMISED + RULES.chat_answer_within)
    turn = turns.pass_time(late, now=NOON + PROMISED + TRAVELS, rules=RULES)
    assert kinds(turn) == [ReplyPromiseMissed]
    assert said(turn, ReplyPromiseMissed).specialist_id is None
    assert turn.after.accepted_by == ANNA.id


def test_d6_only_an_answer_in_time_keeps_the_promise() -> None:
    """To the microsecond; a later one is a breach that is told even if no clock had told it yet."""
    kept = turns.answer(taken(), ANNA.id, None, at=NOON + PROMISED, now=NOON + PROMISED)
    assert kinds(kept) == [ReplyPromiseKept]
    late = turns.answer(taken(), ANNA.id, None, at=NOON + PROMISED + TICK, now=NOON + PROMISED + TICK)
    assert kinds(late) == [ReplyPromiseMissed]
    assert late.after.answered_at == NOON + PROMISED + TICK
    assert turns.pass_time(late.after, now=NOON + DAY + DAY, rules=RULES).says == ()


def test_d6_news_of_an_answer_that_come_late_correct_the_breach() -> None:
    """The bus was slow, not the specialist: kept is said after missed."""
    missed = turns.pass_time(taken(due=NOON + REST), now=NOON + PROMISED + TRAVELS, rules=RULES)
    kept = turns.answer(missed.after, ANNA.id, None, at=NOON + PROMISED, now=NOON + DAY)
    assert kinds(kept) == [ReplyPromiseKept]
    assert (kept.after.missed_at, kept.after.kept_at) == (None, NOON + PROMISED)


def test_d6_who_had_answered_in_time_gets_the_request_back() -> None:
    """As long as nobody else has it; after that the other one keeps it."""
    request = taken()
    gone = turns.pass_time(request, now=NOON + PROMISED + TRAVELS, rules=RULES)
    former = Former(ANNA.id, NOON, NOON + REST, NOON + PROMISED)
    back = turns.answer(gone.after, ANNA.id, former, at=NOON + PROMISED, now=NOON + REST)
    assert kinds(back) == [RequestAccepted, ReplyPromiseKept]
    assert (back.after.accepted_by, back.after.answered_at) == (ANNA.id, NOON + PROMISED)
    late = turns.answer(gone.after, ANNA.id, former, at=NOON + PROMISED + TICK, now=NOON + REST)
    assert late.says == ()
    others = replace(
        gone.after, accepted_by=BORIS.id, accepted_at=NOON + REST, rest_until=NOON + DAY, reply_due=NOON + DAY
    )
    assert turns.answer(others, ANNA.id, former, at=NOON + PROMISED, now=NOON + REST).says == ()


def test_b1_b11_a_phone_request_is_answered_by_a_call_and_a_chat_by_a_message() -> None:
    """A message in an empty chat reaches nobody who waits by the phone."""
    phone = taken(kind="phone")
    assert turns.answer(phone, ANNA.id, None, at=NOON, now=NOON).says == ()
    assert [kind.__name__ for kind in kinds(turns.reach(phone, now=NOON))] == ["ClientReached", "ReplyPromiseKept"]
    assert turns.reach(turns.reach(phone, now=NOON).after, now=NOON).says == ()
    with pytest.raises(ChatComesFirst):
        turns.reach(taken(), now=NOON)


def test_a_request_that_nobody_took_expires() -> None:
    """And says so once."""
    request = a_request(missed_at=NOON)
    assert turns.pass_time(request, now=NOON + DAY - TICK, rules=RULES).says == ()
    turn = turns.pass_time(request, now=NOON + DAY, rules=RULES)
    assert kinds(turn) == [RequestExpired]
    assert turn.after.closed_as == "expired"


def test_a_direct_request_that_is_not_taken_in_time_goes_to_everybody() -> None:
    """Nobody waits longer for the one whom they asked for than was promised."""
    turn = turns.pass_time(a_request(direct_to=ANNA.id), now=NOON + PROMISED + TRAVELS, rules=RULES)
    assert turn.after.direct_to is None


def test_d6_a_direct_request_whose_winner_stayed_silent_goes_to_everybody() -> None:
    """The one who was asked may not take it again, so it would be there for nobody."""
    turn = turns.pass_time(taken(direct_to=ANNA.id), now=NOON + PROMISED + TRAVELS, rules=RULES)
    assert (turn.after.open, turn.after.direct_to, turn.bars) == (True, None, "silent")


def test_b1_a_message_is_no_answer_to_who_asked_to_be_called_however_late_it_is_heard() -> None:
    """Neither while the winner has the request nor after their silence was told."""
    former = Former(ANNA.id, NOON, NOON + REST, NOON + PROMISED)
    for request in (taken(kind="phone"), a_request(kind="phone", missed_at=NOON, round=2)):
        assert turns.answer(request, ANNA.id, former, at=NOON, now=NOON + DAY) == turns.Turn(request)


def test_d5_outcomes_that_are_nobodys_fault_give_the_wait_back() -> None:
    """Unreachable, handed over, referred, struck; a silent winner's wait stands."""
    answered, phone = taken(answered_at=NOON, kept_at=NOON), taken(kind="phone")
    decision = ExclusionDecided(
        tenant=THERAPY, at=NOON, request_id=phone.id, specialist_id=ANNA.id, ticket_id=uuid7(), decision_id=uuid7(),
        version=1, excluded=True, ground="spam",
    )  # fmt: skip
    fair = [
        turns.unreachable(phone, now=NOON), turns.hand_over(answered, now=NOON),
        turns.refer(answered, "psychiatrist", None, now=NOON),
        turns.refer(answered, "other_specialist", BORIS.id, now=NOON),
        turns.deactivate(phone, decision, now=NOON),
    ]  # fmt: skip
    assert all(CooldownReleased in kinds(turn) for turn in fair)
    assert CooldownReleased not in kinds(turns.hand_over(answered, now=NOON + REST))
    assert CooldownReleased not in kinds(turns.pass_time(taken(), now=NOON + DAY, rules=RULES))
    assert turns.deactivate(fair[-1].after, decision, now=NOON).says == ()


def test_b17_a_minor_is_answered_before_being_handed_on() -> None:
    """And is then seen by who works with minors, and no longer by who handed them over."""
    with pytest.raises(AnswerComesFirst):
        turns.hand_over(taken(), now=NOON)
    turn = turns.hand_over(taken(answered_at=NOON, kept_at=NOON), now=NOON + PROMISED)
    assert (turn.after.age, turn.after.open, turn.bars) == ("minor", True, "handed_over")


def test_c10_a_referral_asks_a_colleague_or_ends_the_request() -> None:
    """Answered first, too."""
    with pytest.raises(AnswerComesFirst):
        turns.refer(taken(), "psychiatrist", None, now=NOON)
    answered = taken(answered_at=NOON, kept_at=NOON)
    assert turns.refer(answered, "doctor", None, now=NOON).after.closed_as == "referred"
    assert turns.refer(answered, "other_specialist", BORIS.id, now=NOON).after.direct_to == BORIS.id
    with pytest.raises(ReferredToYourself):
        turns.refer(answered, "other_specialist", ANNA.id, now=NOON)


def test_c10_whom_a_client_was_sent_to_is_waited_for_and_then_anybody_may_answer() -> None:
    """The colleague may be off duty for days; the end of the day is no answer."""
    sent = turns.refer(taken(answered_at=NOON, kept_at=NOON), "other_specialist", BORIS.id, now=NOON).after
    due = NOON + RULES.direct_waits
    assert look_at(sent, RULES) == due
    assert turns.pass_time(sent, now=due - TICK, rules=RULES).after == sent
    turn = turns.pass_time(sent, now=due, rules=RULES)
    assert (turn.after, turn.says) == (replace(sent, direct_to=None), ())
    assert look_at(turn.after, RULES) == sent.closes_at
    assert kinds(turns.pass_time(sent, now=sent.closes_at, rules=RULES)) == [RequestExpired]


def test_a_withdrawal_is_said_once_and_names_whom_it_leaves() -> None:
    """Nobody, if nobody had it."""
    turn = turns.withdraw(taken(), now=NOON)
    assert said(turn, RequestWithdrawn).specialist_id == ANNA.id
    assert turns.withdraw(turn.after, now=NOON).says == ()
    assert said(turns.withdraw(a_request(), now=NOON), RequestWithdrawn).specialist_id is None


STEPS = st.lists(
    st.tuples(
        st.integers(0, 200), st.sampled_from(["time", "win", "answer", "withdraw", "danger", "hand_over", "refer"])
    ),
    max_size=25,
)


@given(STEPS)
def test_whatever_happens_the_promise_is_judged_once_and_time_is_asked_again_while_it_matters(
    steps: list[tuple[int, str]],
) -> None:
    """Missed at most once, never after it was kept; no request is left that time forgets, or looks at in vain."""
    request, now, judged = a_request(), NOON, list[type]()
    for seconds, what in steps:
        now += timedelta(seconds=seconds)
        turn = happens(request, what, now)
        judged += [kind for kind in kinds(turn) if kind in {ReplyPromiseKept, ReplyPromiseMissed}]
        request = turn.after
        due = look_at(request, RULES)
        assert (due is None) == (request.closed_at is not None or request.answered_at is not None), request
        if due is not None:
            assert turns.pass_time(request, now=due, rules=RULES) != turns.Turn(request), "looked at in vain"
        assert request.closed_at is None or not turns.pass_time(request, now=now + DAY, rules=RULES).says
    assert judged in ([], [ReplyPromiseKept], [ReplyPromiseMissed])


def happens(request: Request, what: str, now: datetime) -> turns.Turn:
    """One step of a life, if it is possible now."""
    has_it = request.accepted_by is not None and request.closed_at is None
    if what == "win" and request.open:
        due = max(request.promised_until, now + RULES.chat_answer_within)
        times: dict[str, Any] = {"accepted_at": now, "rest_until": now + REST, "reply_due": due}
        return turns.Turn(replace(request, accepted_by=ANNA.id, **times))
    possible = {
        "time": True, "answer": has_it, "withdraw": request.closed_at is None, "danger": True,
        "hand_over": has_it and request.answered_at is not None,
        "refer": has_it and request.answered_at is not None,
    }  # fmt: skip
    steps: dict[str, Any] = {
        "time": lambda: turns.pass_time(request, now=now, rules=RULES),
        "answer": lambda: turns.answer(request, ANNA.id, None, at=now, now=now),
        "withdraw": lambda: turns.withdraw(request, now=now),
        "danger": lambda: turns.signal_danger(request, now=now, rules=RULES),
        "hand_over": lambda: turns.hand_over(request, now=now),
        "refer": lambda: turns.refer(request, "other_specialist", BORIS.id, now=now),
    }
    return steps[what]() if possible.get(what) else turns.Turn(request)
