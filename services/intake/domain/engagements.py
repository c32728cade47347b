"""An engagement: one specialist's work with one client, from the acceptance on; its sessions and purchases."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.events.intake import PurchaseVoided, RefusalReason, SessionBooked, SessionPurchased
from libs.kit.errors import Conflict, Invalid
from services.intake.domain.requests import Request, RequestClosed, RequestUnknown
from services.intake.domain.rules import SessionRules
from services.intake.domain.session import Session, Side
from services.intake.domain.sessions import within_reach

# Statistics ask about this very purchase, so it is no number that a house may have its own of (R11).
SECOND = 2


class SessionBeforeAcceptance(Invalid):
    """A session cannot begin before its two sides were brought together."""


class NotAcceptedYet(Conflict):
    """Nobody has this request yet."""


class EngagementEnded(Conflict):
    """The specialist has ended this work; support helps the client to go on."""


class OneSessionOnly(Conflict):
    """The client asked for a single session. Another one may be agreed once this one is over."""


class TooManySessions(Conflict):
    """As many sessions are agreed as may be at once. Say first how those went that are over."""


class PurchaseOutOfOrder(Conflict):
    """Sessions are paid one after the other."""

    def __init__(self, following: int) -> None:
        super().__init__()
        self.following = following

    def extra(self) -> dict[str, Any]:
        """Which one is next."""
        return {"next": self.following}


class LaterOnePaid(Conflict):
    """A later session is said to be paid. Take that back first."""


class SaidByTheOther(Conflict):
    """The other side said that this was paid, and only they can take it back."""


class HeldComesFirst(Conflict):
    """A specialist says that a session was paid once as many were held; before, its client says so."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """The n-th session was paid, and who said so."""

    number: int
    said_by: Side
    at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """The specialist ended the work; or wanted to after the next session had been paid, so that support decides."""

    reason: RefusalReason
    at: datetime
    honoured: bool


@dataclass(frozen=True, slots=True)
class Engagement:
    """What has become of one specialist's work with one client so far."""

    request: Request
    specialist_id: UUID
    held: int = 0
    held_at: datetime | None = None
    coming: int = 0
    starts_at: datetime | None = None
    numbers: int = 0
    paid: int = 0
    refusal: Refusal | None = None

    @property
    def ended(self) -> bool:
        """Whether the specialist has ended it, which nothing undoes."""
        return self.refusal is not None and self.refusal.honoured


def goes_on(work: Engagement) -> None:
    """Nothing more is agreed or paid where the request is closed or the specialist has ended the work (R11)."""
    if work.ended:
        raise EngagementEnded
    if work.request.closed_at is not None:
        raise RequestClosed


def book(
    work: Engagement, asked: Request, session_id: UUID, *, starts_at: datetime, now: datetime, rules: SessionRules
) -> tuple[Session, SessionBooked]:
    """The winner of a request agrees a session with the client who `asked`, if the work goes on.

    A client who asked for one consultation is not booked a series: another session comes after the one before (R8).
    """
    accepted_at = asked.accepted_at
    if accepted_at is None or {asked.accepted_by, work.request.accepted_by} != {work.specialist_id}:
        raise RequestUnknown
    goes_on(work)
    if starts_at < accepted_at:
        raise SessionBeforeAcceptance
    within_reach(starts_at, now=now, rules=rules)
    if asked.one_off and work.coming:
        raise OneSessionOnly
    if work.coming >= rules.agreed_at_most:
        raise TooManySessions
    session = Session(
        session_id, asked.tenant, work.request.id, asked.id, asked.client_id, work.specialist_id, work.numbers + 1,
        starts_at, agreed_at=now,
    )  # fmt: skip
    booked = SessionBooked(
        tenant=session.tenant, at=now, request_id=session.request_id, specialist_id=session.specialist_id,
        session_id=session.id, starts_at=starts_at, number=session.number,
    )  # fmt: skip
    return session, booked


def pay(work: Engagement, side: Side, number: int, *, said_before: bool, now: datetime) -> SessionPurchased | None:
    """The n-th session was paid, wherever that was (B18); saying it again says nothing new.

    The client's word is enough. The specialist's is worth what was held: it would count for their own figures.
    """
    if said_before:
        return None
    goes_on(work)
    if number != work.paid + 1:
        raise PurchaseOutOfOrder(work.paid + 1)
    if side == "specialist" and work.held < number:
        raise HeldComesFirst
    return SessionPurchased(
        tenant=work.request.tenant, at=now, request_id=work.request.id, specialist_id=work.specialist_id, number=number
    )


def take_back(work: Engagement, side: Side, paid: Purchase, *, now: datetime) -> PurchaseVoided:
    """Who said that it was paid says that it was not: a mistake. What came late because of it stays as it was answered.

    Of several the last one goes first, so that the others stay one after the other.
    """
    if paid.number != work.paid:
        raise LaterOnePaid
    if paid.said_by != side:
        raise SaidByTheOther
    return PurchaseVoided(
        tenant=work.request.tenant, at=now, request_id=work.request.id, specialist_id=work.specialist_id,
        number=paid.number, version=paid.version + 1,
    )  # fmt: skip


def paid_after_all(paid: SessionPurchased, version: int) -> tuple[PurchaseVoided, ...]:
    """What was taken back before is said again."""
    if version == 0:
        return ()
    return (
        PurchaseVoided(
            tenant=paid.tenant, at=paid.at, request_id=paid.request_id, specialist_id=paid.specialist_id,
            number=paid.number, version=version, void=False,
        ),
    )  # fmt: skip
