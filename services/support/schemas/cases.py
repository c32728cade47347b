"""Cases over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from libs.events.intake import DangerSign, Locale, RefusalReason
from libs.events.support import CaseKind, CaseOutcome, ReopeningReason
from libs.kit.schemas import Input, Output
from services.support.domain import CaseStatus

_CASE = "6a1f9c9e-6b0b-5f0e-9d0b-1f2a3b4c5d6e"
_REQUEST = "01926f3c-8a00-7000-8000-000000000a01"
_OLENA = "01926f3c-8a00-7000-8000-0000000000c1"
_ANNA = "01926f3c-8a00-7000-8000-0000000000b1"
_MOMENT = "2026-03-02T18:00:00Z"
_DUE = "2026-03-02T18:15:00Z"


class NewClosure(Input):
    """How a case ended."""

    outcome: CaseOutcome = Field(
        examples=["helpline"],
        description="A refusal ends as `refund`, `another_specialist`, `unreachable` or `other`, a late one also as "
        "`work_goes_on`; danger and fears as `safe`, `helpline`, `emergency_services`, `mistaken`, `unreachable` or "
        "`other`.",
    )


class NewReopening(Input):
    """Why a case is opened again."""

    reason: ReopeningReason = Field(examples=["closed_by_mistake"])


class PartyCaseView(Output):
    """A case as a party of it sees it: that it is there, what it is about, and whether somebody has taken it."""

    id: UUID = Field(examples=[_CASE])
    kind: CaseKind = Field(examples=["danger"])
    request_id: UUID = Field(examples=[_REQUEST])
    status: CaseStatus = Field(examples=["open"])
    opened_at: datetime = Field(examples=[_MOMENT])
    due_at: datetime = Field(examples=[_DUE], description="Until when somebody of the house takes it.")


class CaseView(PartyCaseView):
    """A case as those who answer it see it."""

    client_id: UUID | None = Field(examples=[_OLENA], description="Null until support has heard of the request.")
    specialist_id: UUID | None = Field(examples=[_ANNA], description="Who had the request then, if anybody had.")
    reason: RefusalReason | None = Field(examples=["values"], description="Of a refusal (R9).")
    signs: list[DangerSign] = Field(examples=[["plan"]], description="What a specialist ticked.")
    country: str | None = Field(examples=["UA"], description="Where who is in danger is, if they said so.")
    locale: Locale | None = Field(examples=["uk"], description="What who is in danger speaks.")
    overdue: bool = Field(examples=[False], description="Nobody has taken it, and somebody should have by now.")
    taken_by: UUID | None = Field(examples=[_ANNA], description="Who answers for it; of a closed one, who closed it.")
    taken_at: datetime | None = Field(examples=[_MOMENT])
    outcome: CaseOutcome | None = Field(examples=["helpline"])
    closed_at: datetime | None = Field(examples=[_MOMENT])
    reopened_at: datetime | None = Field(examples=[None], description="The last time, if it was opened again.")
    reopened_for: ReopeningReason | None = Field(examples=[None])
    version: int = Field(examples=[1], description="Also the ETag of the case; a change has to name it in If-Match.")
