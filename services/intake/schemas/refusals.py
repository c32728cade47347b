"""Purchases, refusals and merges over HTTP."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from libs.events.intake import RefusalReason
from libs.kit.schemas import Input, Output
from services.intake.domain import Shut, Side
from services.intake.schemas.examples import ID, MOMENT

MOST_SESSIONS = 10_000


class NewPurchase(Input):
    """Which session was paid; payment itself is between the two sides (B18)."""

    number: int = Field(ge=1, le=MOST_SESSIONS, examples=[2], description="The n-th that was paid; one after another.")


class PurchaseView(Output):
    """A session that was paid, and who said so."""

    number: int = Field(examples=[2])
    said_by: Side = Field(examples=["client"])
    at: datetime = Field(examples=[MOMENT])


class NewRefusal(Input):
    """Why the work ends; support learns more from the specialist, the client has learned it in the farewell."""

    reason: RefusalReason = Field(examples=["outside_competence"])
    farewell_sent: bool = Field(
        default=False,
        examples=[True],
        description="The client was told: briefly, kindly, without what could hurt. Chat tells of it by itself, too.",
    )


class RefusalView(Output):
    """The work has ended, which cost nobody anything."""

    request_id: UUID = Field(examples=[ID])
    reason: RefusalReason = Field(examples=["outside_competence"])
    at: datetime = Field(examples=[MOMENT])
    cost: Literal["nothing"] = Field(examples=["nothing"], description="No figure of yours falls by it (R13).")


class RefusalWindow(Output):
    """Whether the work may be ended now."""

    open: bool = Field(examples=[True])
    since: datetime | None = Field(examples=[MOMENT], description="When session 1 was held.")
    shut: Shut | None = Field(examples=[None], description="Why it may not be ended now.")
    opens_at: datetime | None = Field(
        examples=[None], description="When the session begins that opens it. Decide after session 1, not blind (R10)."
    )
    reasons: list[RefusalReason]
    cost: Literal["nothing"] = Field(examples=["nothing"], description="No figure of yours falls by it (R13).")


class MergeView(Output):
    """Whether a request counts as part of an earlier one."""

    request_id: UUID = Field(examples=[ID])
    into_request_id: UUID = Field(examples=[ID])
    merged: bool = Field(examples=[True])
    version: int = Field(examples=[1])
