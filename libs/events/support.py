"""What support says: who asked for a decision, and what was decided."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Moment, Version

Ground = Literal[
    "spam", "platform_test", "gibberish", "certificate_request",  # R1
    "aggression", "sexualised", "unsafe_offer",  # R2
    "accidental", "existing_client", "technical",  # R3
]  # fmt: skip

Scope = Annotated[
    Literal["pre_session", "conversion", "effectiveness"],
    Meta(description="Which figures leave it out: those of the time before the session (R5), or one of them alone."),
]

CaseKind = Literal["danger", "safety_concern", "refusal", "late_refusal"]

CaseOutcome = Literal[
    "refund", "another_specialist", "work_goes_on",  # of refusals (R12, D11)
    "safe", "helpline", "emergency_services", "mistaken",  # of danger and fears
    "unreachable", "other",
]  # fmt: skip

ReopeningReason = Literal["closed_by_mistake", "not_settled", "other"]


class TicketOpened(Event, topic="support.decisions", key="request_id"):
    """A specialist asked support to strike a request from the record."""

    request_id: UUID
    ticket_id: UUID
    specialist_id: UUID
    ground: Ground


class RequestDenied(Event, topic="support.decisions", key="request_id"):
    """Support left the record as it was."""

    request_id: UUID
    ticket_id: UUID
    specialist_id: UUID
    reason: Literal["normal_flow", "no_evidence", "not_pre_session", "other"]


class ExclusionDecided(Event, topic="support.decisions", key="request_id"):
    """Support struck an engagement from the record, or put it back: the greater version is the truth (D13)."""

    request_id: UUID
    specialist_id: UUID
    ticket_id: UUID
    decision_id: UUID
    version: Version
    excluded: bool
    ground: Ground
    scope: Scope = "pre_session"


class CaseOverdue(Event, topic="support.decisions", key="request_id"):
    """Nobody has taken a case by when somebody should have: said once of each opening, for who can call people."""

    request_id: UUID
    case_id: UUID
    kind: CaseKind
    due: Moment


class CaseReopened(Event, topic="support.decisions", key="request_id"):
    """A case that was closed waits for somebody again, until when it says; how it had ended was not so (T9)."""

    request_id: UUID
    case_id: UUID
    kind: CaseKind
    reason: ReopeningReason
    had_ended: CaseOutcome
    closed_by: UUID
    reopened_by: UUID
    due: Moment
