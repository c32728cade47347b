"""Sessions over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.events.intake import CalledOff
from libs.kit.schemas import Input, Output
from services.intake.domain import Evidence, Outcome, Side
from services.intake.schemas.examples import ID, MOMENT


class NewSession(Input):
    """A session, agreed between the two sides."""

    starts_at: AwareDatetime = Field(examples=[MOMENT])


class NewTime(Input):
    """Another moment for a session."""

    starts_at: AwareDatetime = Field(examples=[MOMENT])


class NewOutcome(Input):
    """Whether a session took place."""

    outcome: Outcome = Field(examples=["held"])


class SessionView(Output):
    """A session, and what each side has said of it; both see all of it."""

    id: UUID = Field(examples=[ID])
    request_id: UUID = Field(examples=[ID], description="Under which it counts; after a merge, the earlier one (R3).")
    booked_under: UUID = Field(examples=[ID], description="In which it was agreed.")
    number: int = Field(examples=[1], description="The n-th of this engagement.")
    starts_at: datetime = Field(examples=[MOMENT])
    agreed_at: datetime = Field(examples=[MOMENT], description="When it was booked, or moved last.")
    moves: int = Field(examples=[0], description="How often it was moved before it had begun.")
    client_said: Outcome | None = Field(examples=["held"])
    specialist_said: Outcome | None = Field(examples=[None])
    evidence: Evidence | None = Field(
        examples=["one"], description="What the outcome rests on: one side's word, both, neither, or support (D8)."
    )
    absent: Side | None = Field(examples=[None], description="Who did not come, as the other side says.")
    cancelled_by: Side | None = Field(examples=[None])
    called_off: CalledOff | None = Field(
        examples=[None], description="How the work ended, where it ended before this session could begin."
    )
    outcome: Outcome | None = Field(examples=["held"])
    outcome_at: datetime | None = Field(examples=[MOMENT])
    version: int = Field(examples=[1])
