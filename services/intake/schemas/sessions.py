"""Sessions over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.kit.schemas import Input, Output
from services.intake.domain import Outcome
from services.intake.schemas.examples import ID, MOMENT


class NewSession(Input):
    """A session, agreed between the two sides."""

    starts_at: AwareDatetime = Field(examples=[MOMENT])


class NewOutcome(Input):
    """Whether a session took place."""

    outcome: Outcome = Field(examples=["held"])


class SessionView(Output):
    """A session."""

    id: UUID = Field(examples=[ID])
    request_id: UUID = Field(examples=[ID])
    number: int = Field(examples=[1], description="The n-th of this engagement.")
    starts_at: datetime = Field(examples=[MOMENT])
    outcome: Outcome | None = Field(examples=["held"])
    version: int = Field(examples=[1])
