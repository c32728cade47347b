"""What goes over HTTP about tickets and decisions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.events.support import Ground
from libs.kit.schemas import Input, Output, Words
from services.support.domain import DenialReason, Deny, Exclude, Status, Verdict

_REQUEST = "01926f3c-8a00-7000-8000-000000000a01"
_TICKET = "01926f3c-8a00-7000-8000-000000000d01"
_OLENA = "01926f3c-8a00-7000-8000-0000000000c1"
_ANNA = "01926f3c-8a00-7000-8000-0000000000b1"
_EXPLANATION = "The client wrote that they were only trying the site out, and left."
_EVIDENCE = "Screenshot of the whole chat, three messages, phone number blurred."
_SUMMARY: dict[str, JsonValue] = {
    "id": _TICKET, "request_id": _REQUEST, "client_id": _OLENA, "specialist_id": _ANNA,
    "request_opened_at": "2026-02-11T09:30:00Z", "ground": "platform_test", "has_evidence": True,
    "status": "open", "version": 1, "opened_at": "2026-03-02T18:00:00Z",
}  # fmt: skip
_DECISION: dict[str, JsonValue] = {
    "id": "01926f3c-8a00-7000-8000-000000000e01", "request_id": _REQUEST, "specialist_id": _ANNA,
    "ticket_id": _TICKET, "outcome": "denied", "version": 1, "ground": "platform_test", "reason": "normal_flow",
    "at": "2026-03-02T19:12:40Z",
}  # fmt: skip


Account = Annotated[Words, Field(max_length=2000)]


class NewTicket(Input):
    """A specialist's request to strike a request from the record."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_id": _REQUEST, "ground": "platform_test",
                    "explanation": _EXPLANATION, "evidence": _EVIDENCE,
                }
            ]
        },
    )  # fmt: skip

    request_id: UUID
    ground: Ground
    explanation: Account = Field(description="What happened, briefly. It is read by support and leaves it no more.")
    evidence: Account | None = Field(
        default=None, description="What shows it, with its context. Without evidence support cannot exclude anything."
    )


class TicketSummary(Output):
    """A ticket as it stands in the queue: everything but the words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY]})

    id: UUID
    request_id: UUID
    client_id: UUID
    specialist_id: UUID
    request_opened_at: datetime
    ground: Ground
    has_evidence: bool
    status: Status
    version: int = Field(description="Also the ETag of the ticket; a decision has to name it in If-Match.")
    opened_at: datetime


class Ticket(TicketSummary):
    """A ticket with what its author wrote."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_SUMMARY | {"explanation": _EXPLANATION, "evidence": _EVIDENCE}]},
    )

    explanation: str
    evidence: str | None


class Exclusion(Input):
    """The request leaves the record."""

    outcome: Literal["excluded"]
    ground: Ground | None = Field(default=None, description="If another than the ticket's.")

    def as_verdict(self) -> Verdict:
        """As the domain knows it."""
        return Exclude(ground=self.ground)


class Denial(Input):
    """The request stays on the record."""

    outcome: Literal["denied"]
    reason: DenialReason = Field(
        description="`normal_flow`: the client got an answer and did not book, did not read, stopped replying, or "
        "thinks long; that is never removed, and is weighed by the platform's own averages."
    )

    def as_verdict(self) -> Verdict:
        """As the domain knows it."""
        return Deny(reason=self.reason)


NewDecision = Annotated[Exclusion | Denial, Field(discriminator="outcome")]
DECISIONS = {
    "strike it": {"value": {"outcome": "excluded"}},
    "strike it on another ground": {"value": {"outcome": "excluded", "ground": "spam"}},
    "leave it": {"value": {"outcome": "denied", "reason": "normal_flow"}},
}


class Decision(Output):
    """What support decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECISION]})

    id: UUID
    request_id: UUID
    specialist_id: UUID
    ticket_id: UUID
    outcome: Literal["excluded", "denied", "reinstated"]
    version: int | None = Field(
        description="Of what stands about this request and specialist; a denial changes nothing."
    )
    ground: Ground | None
    reason: DenialReason | None
    at: datetime
