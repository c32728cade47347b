"""What specialists offer, over HTTP."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.events.orders import ServiceKind
from libs.kit.schemas import Input, Output
from services.intake.domain.orders import Clock, Currency, Part
from services.intake.schemas.examples import ID, MOMENT

DEAREST = 10**12
Amount = Annotated[int, Field(ge=0, le=DEAREST, examples=[150_000], description="In the smallest unit.")]
Minutes = Annotated[int, Field(ge=10, le=480, examples=[50])]


class PriceBand(Input):
    """From so much to so much."""

    currency: Currency = Field(examples=["UAH"])
    least: Amount
    most: Amount


class PriceView(Output):
    """From so much to so much, in the currency's smallest unit."""

    currency: Currency = Field(examples=["UAH"])
    least: int = Field(examples=[150_000])
    most: int = Field(examples=[250_000])


class NewOffer(Input):
    """What you offer under a kind of service."""

    offered: bool = Field(default=True, description="False ends the offer; orders on it go on.")
    also: list[Part] = Field(
        default=[], max_length=12, examples=[["follow_ups"]], description="What you include beyond what the kind says."
    )
    price: PriceBand


class TermsView(Output):
    """The terms of a service, to be acknowledged by version before anything is paid (C8, C14)."""

    kind: ServiceKind
    terms_version: int = Field(examples=[3])
    offered: bool
    includes: list[Part] = Field(examples=[["one_answer", "follow_ups"]])
    excludes: list[Part] = Field(examples=[["client_support", "regular_correspondence"]])
    clock: Clock = Field(description="What the wait counts from: the queue, the payment, a date booked or agreed.")
    wait_least: timedelta | None = Field(examples=["P3D"], description="About how long at least.")
    wait_most: timedelta | None = Field(examples=["P7D"], description="About how long at most.")
    price: PriceView
    recording_allowed: Literal[True] = Field(description="You may always record, openly (C3).")


class Holiday(Input):
    """Days on which nothing is worked, first and last included."""

    first: date = Field(examples=["2026-12-24"])
    last: date = Field(examples=["2027-01-02"])


class NewHolidays(Input):
    """When you are away, whole: what is left out is no holiday any more."""

    holidays: list[Holiday] = Field(max_length=200)


class HolidayView(Output):
    """Days on which nothing is worked."""

    first: date = Field(examples=["2026-12-24"])
    last: date = Field(examples=["2027-01-02"])


class HolidaysView(Output):
    """When the specialist is away."""

    holidays: list[HolidayView]


class NewSlot(Input):
    """A time that you keep for a call."""

    starts_at: AwareDatetime = Field(examples=[MOMENT])
    minutes: Minutes


class SlotView(Output):
    """A time for a call."""

    id: UUID = Field(examples=[ID])
    starts_at: datetime = Field(examples=[MOMENT])
    minutes: int = Field(examples=[50])
    free: bool


class AvoidanceView(Output):
    """A client whom you will not be matched with again; nobody else knows."""

    client_id: UUID = Field(examples=[ID])
    since: datetime = Field(examples=[MOMENT])
