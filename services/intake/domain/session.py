"""A session, what its two sides have said of it, and why something may not be done with it.

What a session comes to is a function of what was said: void if either side says so, held if one does and the other does
not say otherwise. So a dispute of a one-sided word voids it until both agree or support decides, two sides that agree
have the last word, and a call held on the platform, once there are any, would outrank both (D8).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from libs.events import Event
from libs.events.intake import CalledOff
from libs.kit.errors import Conflict, Invalid, NotFound

Side = Literal["client", "specialist"]
Outcome = Literal["held", "void"]
Evidence = Literal["one", "both", "disputed", "support"]


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
    called_off: CalledOff | None = None
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
