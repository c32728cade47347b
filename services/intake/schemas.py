"""What goes over HTTP."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.events.intake import Category, Kind, Locale
from libs.kit.schemas import Input, Output
from services.intake.domain import Outcome

ID = "019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21"
MOMENT = "2026-03-02T09:30:00Z"


class NewRequest(Input):
    """A client's call for help."""

    kind: Kind = Field(examples=["phone"])
    category: Category = Field(examples=["anxiety"])
    locale: Locale = Field(examples=["uk"])
    one_off: bool = Field(default=False, description="A single consultation, understood as such from the start (R8).")
    phone: str | None = Field(
        default=None,
        max_length=32,
        examples=["+380 44 123 45 67"],
        description="For phone requests. +77777777777 means that there is none (B2).",
    )


class RequestView(Output):
    """A request, as its client and its winner see it."""

    id: UUID = Field(examples=[ID])
    number: int = Field(examples=[4017], description="What people call it.")
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    received_at: datetime = Field(examples=[MOMENT], description="When it arrived; not when it was taken (B6).")
    reply_due: datetime = Field(examples=[MOMENT], description="Until when an answer was promised (B1).")
    state: Literal["open", "accepted", "closed"]
    accepted_by: UUID | None
    accepted_at: datetime | None


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


class ContactView(Output):
    """How to reach a client who asked to be called."""

    phone: str = Field(examples=["+380441234567"])


class SpecialistView(Output):
    """A specialist who takes requests."""

    id: UUID = Field(examples=[ID])
    joined_at: datetime = Field(examples=[MOMENT])


class Readiness(Output):
    """Whether you may accept a request now."""

    ready: bool
    ready_at: datetime | None = Field(examples=[MOMENT], description="When the last wait ends or ended.")
    now: datetime = Field(examples=[MOMENT], description="The clock that decides.")


class FeedTicket(Output):
    """Opens the feed once."""

    ticket: str = Field(examples=["WkdFc1J0b1hqN3pQd1F5bA"])
    expires_at: datetime = Field(examples=[MOMENT])


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


class Card(Output):
    """All that the feed shows of a request (B3)."""

    id: UUID = Field(examples=[ID])
    number: int = Field(examples=[4017])
    category: Category
    received_at: datetime = Field(examples=[MOMENT], description="When it arrived (B6).")
    phone: bool = Field(description="Whether the client wants to be called.")
