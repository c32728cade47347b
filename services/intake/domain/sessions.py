"""What becomes of sessions: agreed for a moment, moved or cancelled, and later told of by both sides."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.events import Event
from libs.events.intake import (
    CalledOff,
    SessionBooked,
    SessionDisputed,
    SessionHeld,
    SessionMissed,
    SessionMoved,
    SessionVoided,
)
from services.intake.domain.rules import SessionRules
from services.intake.domain.session import (
    BothAgreed,
    DisputeTooLate,
    EnteredAfterwards,
    MovedTooOften,
    NothingToDispute,
    NoticeTooLate,
    Outcome,
    Session,
    SessionInThePast,
    SessionNotStarted,
    SessionOver,
    SessionStarted,
    SessionTooFarAhead,
    Side,
    StillAwaited,
    SupportHasDecided,
    Told,
)

TOLD: dict[Outcome, type[SessionHeld | SessionVoided]] = {"held": SessionHeld, "void": SessionVoided}
OTHER: dict[Side, Side] = {"client": "specialist", "specialist": "client"}


def move(session: Session, side: Side, starts_at: datetime, *, now: datetime, rules: SessionRules) -> Told:
    """Agree another moment. Once it has begun only the specialist may, for force majeure, and it costs no move."""
    if starts_at == session.starts_at:
        return Told(session)
    if session.outcome is not None:
        raise SessionOver
    _in_time(session, side, now, rules)
    begun = now >= session.starts_at
    if not begun and session.moves >= rules.moves:
        raise MovedTooOften
    if starts_at <= now:
        raise SessionInThePast
    within_reach(starts_at, now=now, rules=rules)
    after = replace(session, starts_at=starts_at, agreed_at=now, moves=session.moves + (not begun))
    return Told(after, (_fact(SessionMoved, after, now, starts_at=starts_at),))


def within_reach(starts_at: datetime, *, now: datetime, rules: SessionRules) -> None:
    """Nobody can promise to come in a year."""
    if starts_at > now + rules.ahead:
        raise SessionTooFarAhead


def cancel(session: Session, side: Side, *, now: datetime, rules: SessionRules) -> Told:
    """Call it off before it begins; a client who does so too late has given no notice (D8)."""
    if session.cancelled_by is not None:
        return Told(session)
    if now >= session.starts_at:
        raise SessionStarted
    _in_time(session, side, now, rules)
    told = _say(session, side, "void", now=now, rules=rules)
    return replace(told, after=replace(told.after, cancelled_by=side))


def call_off(session: Session, why: CalledOff, *, now: datetime, rules: SessionRules) -> Told:
    """What has not begun when the work ends will not be; but a client who leaves without notice still owes it (D8)."""
    by: Side = "client" if why == "withdrawn" else "specialist"
    if session.outcome is not None or now >= session.starts_at or _too_late(session, by, now, rules):
        return Told(session)
    off = replace(session, called_off=why)
    if why == "deactivated":
        return _register(off, replace(off, ruled="void"), now)
    return cancel(off, by, now=now, rules=rules)


def settle(session: Session, side: Side, outcome: Outcome, *, now: datetime, rules: SessionRules) -> Told:
    """One side tells, after the start, whether it took place (D8); saying it again says nothing new."""
    _begun(session, now)
    return _say(session, side, outcome, now=now, rules=rules)


def dispute(session: Session, side: Side, *, now: datetime, rules: SessionRules) -> Told:
    """The other side says that it was held, and it was not."""
    if session.said(OTHER[side]) != "held":
        raise NothingToDispute
    return _say(session, side, "void", now=now, rules=rules)


def miss(session: Session, side: Side, *, now: datetime, rules: SessionRules) -> Told:
    """This side waited in vain. A client who gave no notice has had the session, a specialist has not held it (D8).

    Where the other side has already spoken they were there, or say so: that is a dispute and no absence.
    """
    absent = OTHER[side]
    if session.cancelled_by is not None:
        raise SessionOver
    if session.agreed_at > session.starts_at:
        raise EnteredAfterwards
    if now < session.starts_at + rules.absent_after:
        raise StillAwaited(session.starts_at + rules.absent_after)
    told = _say(session, side, "held" if absent == "client" else "void", now=now, rules=rules)
    if session.said(absent) is not None or session.absent == absent:
        return told
    missed = _fact(SessionMissed, session, now, absent=absent)
    return Told(replace(told.after, absent=absent), (missed, *told.says))


def rule(session: Session, outcome: Outcome, *, now: datetime) -> Told:
    """Support decides what a session came to, whatever its sides say."""
    _begun(session, now)
    return _register(session, replace(session, ruled=outcome), now)


def tell_again(session: Session, now: datetime) -> Told:
    """The same session under another engagement or number, as the next version of what is known (R3)."""
    booked = _fact(SessionBooked, session, now, starts_at=session.starts_at)
    if session.outcome is None:
        return Told(session, (booked,))
    after = replace(session, version=session.version + 1)
    return Told(after, (booked, _told(session.outcome, after, now)))


def unsay(session: Session, now: datetime) -> Told:
    """Under this engagement there was no such session (R3)."""
    after = replace(session, version=session.version + 1)
    return Told(after, (_fact(SessionVoided, after, now, version=after.version),))


def _say(session: Session, side: Side, word: Outcome, *, now: datetime, rules: SessionRules) -> Told:
    mine, theirs, at = session.said(side), session.said(OTHER[side]), session.said_at(OTHER[side])
    if word == mine:
        return Told(session)
    if session.ruled is not None:
        raise SupportHasDecided
    if mine is not None and mine == theirs:
        raise BothAgreed
    if theirs not in {None, word} and at is not None and now >= at + rules.dispute_within:
        raise DisputeTooLate(at + rules.dispute_within)
    said: dict[str, Any] = {f"{side}_said": word, f"{side}_said_at": now}
    if session.absent == OTHER[side]:
        said["absent"] = None  # Who reported the absence now says otherwise.
    return _register(session, replace(session, **said), now)


def _register(before: Session, after: Session, now: datetime) -> Told:
    """What was said, and what the session comes to because of it."""
    says = list[Event]()
    if after.evidence == "disputed" != before.evidence:
        by: Side = "client" if after.client_said == "void" else "specialist"
        says.append(_fact(SessionDisputed, after, now, by=by))
    worth = after.worth()
    if worth is not None and worth != before.outcome:
        after = replace(after, outcome=worth, outcome_at=now, version=after.version + 1)
        if worth == "held":
            after = replace(after, cancelled_by=None, called_off=None)
        says.append(_told(worth, after, now))
    return Told(after, tuple(says))


def _told(outcome: Outcome, session: Session, now: datetime) -> Event:
    why = {"because": session.called_off} if outcome == "void" else {}
    return _fact(TOLD[outcome], session, now, version=session.version, **why)


def _begun(session: Session, now: datetime) -> None:
    if now < session.starts_at:
        raise SessionNotStarted(session.starts_at)


def _in_time(session: Session, side: Side, now: datetime, rules: SessionRules) -> None:
    if _too_late(session, side, now, rules):
        raise NoticeTooLate(session.starts_at - rules.notice)


def _too_late(session: Session, side: Side, now: datetime, rules: SessionRules) -> bool:
    return side == "client" and now > session.starts_at - rules.notice


def _fact(kind: type[Event], session: Session, now: datetime, **more: Any) -> Event:
    return kind(
        tenant=session.tenant, at=now, request_id=session.request_id, specialist_id=session.specialist_id,
        session_id=session.id, number=session.number, **more,
    )  # type: ignore[call-arg]  # fmt: skip
