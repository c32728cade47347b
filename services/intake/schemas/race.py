"""The race over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from libs.events.intake import Kind
from libs.kit.schemas import Output
from services.intake.schemas.examples import ID, MOMENT


class ReceiptView(Output):
    """When a press came, among all presses on its request."""

    order: int = Field(examples=[1], description="1 is the winner.")
    margin_ms: int = Field(examples=[0], description="How far behind the winner.")
    accepted_at: datetime = Field(examples=[MOMENT], description="When the winner pressed.")


class AcceptanceView(Output):
    """The request is yours."""

    request_id: UUID = Field(examples=[ID])
    conversation_id: UUID = Field(examples=[ID], description="Where to write the first message: the request's own id.")
    kind: Kind
    received_at: datetime = Field(examples=[MOMENT])
    reply_due: datetime = Field(examples=[MOMENT], description="Your first message is due by then.")
    accepted_at: datetime = Field(examples=[MOMENT])
    ready_at: datetime = Field(examples=[MOMENT], description="When you may accept the next one (B5).")
    receipt: ReceiptView
    contact: str | None = Field(
        examples=[f"/v1/requests/{ID}/contact"], description="Where the phone number is, when there is one."
    )


class FeedTicket(Output):
    """Opens the feed once."""

    ticket: str = Field(examples=["WkdFc1J0b1hqN3pQd1F5bA"])
    expires_at: datetime = Field(examples=[MOMENT])
