"""When a request leaves the record, when it stays, and who may say so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from libs.events.support import ExclusionDecided, Ground, RequestDenied, TicketOpened
from libs.kit.errors import Conflict, Forbidden, Invalid, NotFound

Status = Literal["open", "excluded", "denied", "reinstated"]
DenialReason = Literal["normal_flow", "no_evidence", "not_pre_session", "other"]


class RequestUnknown(NotFound):
    """You have accepted no such request."""


class RequestNotHeardOf(Conflict):
    """Support has not heard of this request yet. If it was accepted just now, ask again in a few seconds."""

    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": "2"}


class TicketUnknown(NotFound):
    """There is no such ticket among those you may see."""


class TicketStillOpen(Conflict):
    """You have already asked about this request; support will decide that ticket first."""

    def __init__(self, ticket_id: UUID) -> None:
        super().__init__()
        self.ticket_id = ticket_id

    def extra(self) -> dict[str, Any]:
        """Which ticket is waiting."""
        return {"ticket_id": self.ticket_id}


class AlreadyExcluded(Conflict):
    """This request has already been struck from the record."""


class AlreadyDecided(Conflict):
    """This ticket has already been decided, and the record is as it was; only an exclusion would change anything."""


class NothingToReinstate(Conflict):
    """This ticket strikes nothing from the record, so there is nothing to put back."""


class EvidenceMissing(Invalid):
    """A request is struck from the record on evidence only, and this ticket has none. Deny it as `no_evidence`."""


class OwnTicket(Forbidden):
    """Nobody decides a ticket of their own."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """What stands about one specialist's handling of one request; every change is one version more."""

    tenant: str
    request_id: UUID
    specialist_id: UUID
    version: int
    excluded: bool
    ground: Ground | None


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """As much of a ticket as a decision rests on."""

    id: UUID
    specialist_id: UUID
    ground: Ground
    has_evidence: bool
    status: Status


@dataclass(frozen=True, kw_only=True)
class Exclude:
    """Strike the request from the record, on the ticket's ground unless the agent found another."""

    ground: Ground | None


@dataclass(frozen=True, kw_only=True)
class Deny:
    """Leave the record as it is, for a reason from the closed list (R6)."""

    reason: DenialReason


Verdict: TypeAlias = Exclude | Deny


def open_ticket(
    register: Register, *, ticket_id: UUID, ground: Ground, waiting: UUID | None, now: datetime
) -> TicketOpened:
    """Ask for a request to be struck: once at a time, and only what is still on the record."""
    if register.excluded:
        raise AlreadyExcluded
    if waiting is not None:
        raise TicketStillOpen(waiting)
    return TicketOpened(
        tenant=register.tenant, at=now, request_id=register.request_id, ticket_id=ticket_id,
        specialist_id=register.specialist_id, ground=ground,
    )  # fmt: skip


def decide(
    ticket: Ticket, register: Register, verdict: Verdict, *, agent_id: UUID, decision_id: UUID, now: datetime
) -> ExclusionDecided | RequestDenied:
    """Judge a ticket; one that was denied or reinstated may still end in an exclusion."""
    _refuse_own(ticket, agent_id)
    if register.excluded:
        raise AlreadyExcluded
    if isinstance(verdict, Deny):
        return _denied(ticket, register, verdict, now=now)
    if not ticket.has_evidence:
        raise EvidenceMissing
    ground = verdict.ground or ticket.ground
    return _versioned(ticket, register, excluded=True, ground=ground, decision_id=decision_id, now=now)


def reinstate(
    ticket: Ticket, register: Register, *, agent_id: UUID, decision_id: UUID, now: datetime
) -> ExclusionDecided:
    """Put a request back on the record: a decision of its own, never the removal of one (D13)."""
    _refuse_own(ticket, agent_id)
    if ticket.status != "excluded":
        raise NothingToReinstate
    ground = register.ground or ticket.ground
    return _versioned(ticket, register, excluded=False, ground=ground, decision_id=decision_id, now=now)


def _refuse_own(ticket: Ticket, agent_id: UUID) -> None:
    """An agent who is a specialist as well has colleagues for this."""
    if ticket.specialist_id == agent_id:
        raise OwnTicket


def _denied(ticket: Ticket, register: Register, verdict: Deny, *, now: datetime) -> RequestDenied:
    if ticket.status != "open":
        raise AlreadyDecided
    return RequestDenied(
        tenant=register.tenant, at=now, request_id=register.request_id, ticket_id=ticket.id,
        specialist_id=register.specialist_id, reason=verdict.reason,
    )  # fmt: skip


def _versioned(
    ticket: Ticket, register: Register, *, excluded: bool, ground: Ground, decision_id: UUID, now: datetime
) -> ExclusionDecided:
    return ExclusionDecided(
        tenant=register.tenant, at=now, request_id=register.request_id, specialist_id=register.specialist_id,
        ticket_id=ticket.id, decision_id=decision_id, version=register.version + 1, excluded=excluded, ground=ground,
    )  # fmt: skip
