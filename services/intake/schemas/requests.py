"""Requests over HTTP."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from libs.events.intake import Category, DangerSign, Kind, Locale, Messenger, Referral
from libs.kit.helplines import HelplineView
from libs.kit.schemas import Input, Output
from services.intake.domain import Age, Closed
from services.intake.schemas.examples import ID, MOMENT


class NewRequest(Input):
    """A client's call for help."""

    kind: Kind = Field(examples=["phone"])
    category: Category = Field(examples=["anxiety"])
    locale: Locale = Field(examples=["uk"], description="The language to be answered in.")
    one_off: bool = Field(default=False, description="A single consultation, understood as such from the start (R8).")
    age: Age = Field(default="unknown", description="Only decides who is asked; no specialist sees it (D17).")
    direct_to: UUID | None = Field(
        default=None, description="Ask one specialist only. If they stay silent for the time promised, everybody is."
    )
    phone: str | None = Field(
        default=None,
        max_length=32,
        examples=["+380 44 123 45 67"],
        description="Needed for phone requests; for others, in case the chat is lost (B15). "
        "+77777777777 means that there is none (B2).",
    )
    messenger: Messenger | None = Field(default=None, description="Where you would rather be written to than called.")
    country: str | None = Field(
        default=None, pattern="^[A-Z]{2}$", examples=["UA"], description="ISO 3166; for the right helplines, if needed."
    )
    may_call: bool = Field(default=False, description="Whether you may be called without having been written to (B14).")
    in_danger: bool = Field(default=False, description="You are in danger now; specialists see that it cannot wait.")


class RequestView(Output):
    """A request, as its client and its winner see it."""

    id: UUID = Field(examples=[ID])
    number: int = Field(examples=[4017], description="What people call it.")
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    age: Age
    country: str | None = Field(examples=["UA"])
    messenger: Messenger | None
    may_call: bool
    has_phone: bool
    received_at: datetime = Field(examples=[MOMENT], description="When it arrived; not when it was taken (B6).")
    promised_until: datetime = Field(examples=[MOMENT], description="Until when an answer was promised (B1).")
    kept_at: datetime | None = Field(examples=[MOMENT], description="When a person first answered.")
    missed_at: datetime | None = Field(
        examples=[None], description="When the promise was broken. It is recorded, and others are being asked."
    )
    reply_due: datetime | None = Field(examples=[MOMENT], description="Until when the specialist who has it answers.")
    answered_at: datetime | None = Field(examples=[MOMENT], description="When that specialist first answered.")
    round: int = Field(examples=[1], description="One more each time it went back to all.")
    state: Literal["open", "accepted", "closed"]
    closed_as: Closed | None
    closed_at: datetime | None
    closes_at: datetime = Field(examples=[MOMENT], description="Until when it waits for somebody to take it.")
    accepted_by: UUID | None
    accepted_at: datetime | None
    danger_at: datetime | None = Field(
        examples=[None],
        description="When its client said to be in danger; to a winner, if that was before they won it.",
    )
    linked_to: UUID | None = Field(examples=[None], description="An earlier request of the same client, still alive.")
    helplines: list[HelplineView] = Field(
        description="Whom to call meanwhile, where somebody is in danger, young, or left waiting (B17)."
    )
    phone_shown_at: datetime | None = Field(
        examples=[None], description="When the specialist last looked at the number; nobody else can."
    )


class ContactView(Output):
    """How to reach a client who asked to be called."""

    phone: str = Field(examples=["+380441234567"])
    may_call: bool = Field(description="Whether the client agreed to be called; if not, write first (B14).")
    messenger: Messenger | None = Field(description="Where they would rather be written to.")


class NewReferral(Input):
    """To whom the client is sent."""

    to: Referral = Field(examples=["psychiatrist"])
    to_specialist_id: UUID | None = Field(
        default=None, description="A colleague here: asked alone for a while, and then everybody."
    )


class Concern(Input):
    """What was noticed, ticked and not told."""

    signs: list[DangerSign] = Field(min_length=1, max_length=6, examples=[["plan", "means"]])


class Handed(Output):
    """What became of the request; it is no longer yours, and it cost you nothing."""

    request_id: UUID = Field(examples=[ID])
    outcome: Literal["unreachable", "handed_over", "referred", "concern_recorded"]
    helplines: list[HelplineView] = Field(description="To be given to a minor who is handed over (B17).")
