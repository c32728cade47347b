"""Sessions: agreed for a moment, moved or cancelled, and later told of by both sides.

What a session comes to is a function of what was said: void if either side says so, held if one does and the other does
not say otherwise. So a dispute of a one-sided word voids it until both agree or support decides, two sides that agree
have the last word, and a call held on the platform, once there are any, would outrank both (D8).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from libs.events import Event
from libs.events.intake import SessionBooked, SessionDisputed, SessionHeld, SessionMissed, SessionMoved, SessionVoided
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.rules import SessionRules

Side = Literal["client", "specialist"]
Outcome = Literal["held", "void"]
Evidence = Literal["one", "both", "disputed", "support"]
TOLD: dict[Outcome, type[SessionHeld | SessionVoided]] = {"held": SessionHeld, "void": SessionVoided}
OTHER: dict[Side, Side] = {"client": "specialist", "specialist": "client"}


class SessionUnknown(NotFound):
    """There is no such session for you."""


class SessionInThePast(Invalid):
    """A session is moved to a moment that is still to come."""


class SessionTooFarAhead(Invalid):
    """A session cannot be agreed that far ahead."""


class SessionStarted(Conflict):
    """This session has begun; say how it went instead."""


class SessionOver(Conflict):
    """This session was cancelled, or it was said how it went. Agree another one."""


class MovedTooOften(Conflict):
    """This session has been moved as often as may be. Hold it, or cancel it in time."""


class NothingToDispute(Conflict):
    """The other side has not said that this session was held."""


class BothAgreed(Conflict):
    """Both of you have said the same of this session; only support can change that."""


class SupportHasDecided(Conflict):
    """Support has decided what this session came to."""


class EnteredAfterwards(Conflict):
    """A session that was entered after its start cannot have been missed."""


class Bound(Conflict):
    """The hour decides whether this may be."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def extra(self) -> dict[str, Any]:
        """The instant that decides."""
        return {"at": self.at}


class SessionNotStarted(Bound):
    """A session that has not begun has no outcome yet."""


class StillAwaited(Bound):
    """It is too early to say that somebody did not come."""


class NoticeTooLate(Bound):
    """It begins too soon for that: ask your specialist, who may move it for you."""


class DisputeTooLate(Bound):
    """The time to say otherwise is over. Support can still help."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its rules see it; its outcome is a register whose greater version is the truth."""

    id: UUID
    tenant: str
    request_id: UUID
    booked_under: UUID
    client_id: UUID
    specialist_id: UUID
    number: int
    starts_at: datetime
    agreed_at: datetime
    moves: int = 0
    client_said: Outcome | None = None
    client_said_at: datetime | None = None
    specialist_said: Outcome | None = None
    specialist_said_at: datetime | None = None
    ruled: Outcome | None = None
    absent: Side | None = None
    cancelled_by: Side | None = None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    version: int = 0

    def said(self, side: Side) -> Outcome | None:
        """What this side has said last."""
        return self.client_said if side == "client" else self.specialist_said

    def said_at(self, side: Side) -> datetime | None:
        """When this side came to say so."""
        return self.client_said_at if side == "client" else self.specialist_said_at

    @property
    def evidence(self) -> Evidence | None:
        """What the outcome rests on; None as long as nobody has said anything."""
        said = {self.client_said, self.specialist_said}
        if self.ruled is not None:
            return "support"
        if said == {None}:
            return None
        return "one" if None in said else "both" if len(said) == 1 else "disputed"

    def worth(self) -> Outcome | None:
        """What it comes to: one who says that it was not held outweighs one who says that it was."""
        said = {self.client_said, self.specialist_said}
        return self.ruled or ("void" if "void" in said else "held" if "held" in said else None)


@dataclass(frozen=True, slots=True)
class Told:
    """A session from here on, and what the world hears of it."""

    after: Session
    says: tuple[Event, ...] = ()


def side_of(session: Session | None, person_id: UUID) -> Side:
    """Which side of the session somebody is; SessionUnknown for everyone else."""
    if session is None or person_id not in (session.client_id, session.specialist_id):
        raise SessionUnknown
    return "client" if person_id == session.client_id else "specialist"


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
    return Told(after, (booked, _fact(TOLD[session.outcome], after, now, version=after.version)))


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
        cancelled_by = after.cancelled_by if worth == "void" else None
        after = replace(after, outcome=worth, outcome_at=now, version=after.version + 1, cancelled_by=cancelled_by)
        says.append(_fact(TOLD[worth], after, now, version=after.version))
    return Told(after, tuple(says))


def _begun(session: Session, now: datetime) -> None:
    if now < session.starts_at:
        raise SessionNotStarted(session.starts_at)


def _in_time(session: Session, side: Side, now: datetime, rules: SessionRules) -> None:
    if side == "client" and now > session.starts_at - rules.notice:
        raise NoticeTooLate(session.starts_at - rules.notice)


def _fact(kind: type[Event], session: Session, now: datetime, **more: Any) -> Event:
    return kind(
        tenant=session.tenant, at=now, request_id=session.request_id, specialist_id=session.specialist_id,
        session_id=session.id, number=session.number, **more,
    )  # type: ignore[call-arg]  # fmt: skip
