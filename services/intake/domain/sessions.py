"""Sessions: agreed for a moment, and later told whether they took place."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from libs.events.intake import SessionBooked, SessionHeld, SessionVoided
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.requests import Request, RequestClosed, RequestUnknown

Outcome = Literal["held", "void"]
TOLD: dict[Outcome, type[SessionHeld | SessionVoided]] = {"held": SessionHeld, "void": SessionVoided}


class SessionUnknown(NotFound):
    """There is no such session for you."""


class SessionBeforeAcceptance(Invalid):
    """A session cannot begin before its two sides were brought together."""


class SessionNotStarted(Conflict):
    """A session that has not begun has no outcome yet."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__()
        self.starts_at = starts_at

    def extra(self) -> dict[str, Any]:
        """When it begins."""
        return {"starts_at": self.starts_at}


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its rules see it."""

    id: UUID
    tenant: str
    request_id: UUID
    specialist_id: UUID
    number: int
    starts_at: datetime
    outcome: Outcome | None
    version: int


def book(
    session_id: UUID, request: Request | None, specialist_id: UUID, *, starts_at: datetime, number: int, now: datetime
) -> SessionBooked:
    """The winner of a request agrees a session with its client."""
    if request is None or request.accepted_by != specialist_id or request.accepted_at is None:
        raise RequestUnknown
    if request.closed_at is not None:
        raise RequestClosed
    if starts_at < request.accepted_at:
        raise SessionBeforeAcceptance
    return SessionBooked(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=specialist_id,
        session_id=session_id, starts_at=starts_at, number=number,
    )  # fmt: skip


def settle(
    session: Session | None, specialist_id: UUID, outcome: Outcome, *, now: datetime
) -> SessionHeld | SessionVoided | None:
    """The specialist tells, after the start, whether a session took place (D8); saying it again says nothing new."""
    if session is None or session.specialist_id != specialist_id:
        raise SessionUnknown
    if now < session.starts_at:
        raise SessionNotStarted(session.starts_at)
    if outcome == session.outcome:
        return None
    return TOLD[outcome](
        tenant=session.tenant, at=now, request_id=session.request_id, specialist_id=specialist_id,
        session_id=session.id, number=session.number, version=session.version + 1,
    )  # fmt: skip
