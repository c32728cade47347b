"""Profiles over HTTP."""

from datetime import datetime
from functools import cache
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from libs.events.intake import Locale, Messenger
from libs.kit.messengers import OffPlatform
from libs.kit.schemas import Input, Output, Words
from services.intake.domain.specialists import Region, Vertical
from services.intake.schemas.examples import ID, MOMENT

LONGEST_PAYMENT = 2_000
zones = cache(available_timezones)


def _zone(name: str) -> str:
    if name not in zones():
        raise ValueError("this is not the name of a time zone")
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Minor = Annotated[int, Field(ge=0, le=1_000_000_000)]


class SpecialistView(Output):
    """A specialist who takes requests."""

    id: UUID = Field(examples=[ID])
    joined_at: datetime = Field(examples=[MOMENT])


class NewPriceBand(Input):
    """What a session costs in one region (B20)."""

    region: Region = Field(examples=["europe"])
    currency: str = Field(pattern=r"^[A-Z]{3}$", examples=["EUR"], description="ISO 4217.")
    lowest: Minor | None = Field(examples=[4500], description="In minor units; null where there is no lowest price.")
    highest: Minor | None = Field(examples=[None], description="In minor units; null where there is no highest price.")


class PriceBandView(Output):
    """What a session costs in one region (B20)."""

    region: Region = Field(examples=["europe"])
    currency: str = Field(examples=["EUR"])
    lowest: int | None = Field(examples=[4500], description="In minor units.")
    highest: int | None = Field(examples=[None])


class NewLogin(Input):
    """Where you can be written to."""

    messenger: Messenger = Field(examples=["telegram"])
    login: str = Field(
        min_length=1, max_length=64, examples=["anna_helps"],
        description="A name for Telegram, for others a number with its country code.",
    )  # fmt: skip


class LoginView(Output):
    """Where you can be written to."""

    messenger: Messenger = Field(examples=["telegram"])
    login: str = Field(examples=["anna_helps"], description="In its one form.")


class NewProfile(Input):
    """What you say of your work, whole: what is not said any more is gone."""

    languages: list[Locale] = Field(max_length=4, examples=[["uk", "ru"]], description="None said means any.")
    accepts_minors: bool = Field(description="Whether requests of minors are shown to you (B17).")
    verticals: list[Vertical] = Field(max_length=5, examples=[["psychotherapy"]])
    zone: Zone | None = Field(examples=["Europe/Kyiv"], description="As in the IANA time zone database.")
    prices: list[NewPriceBand] = Field(max_length=3, description="One per region at most.")
    messengers: list[NewLogin] = Field(max_length=4, description="One login per messenger; the last one said counts.")
    payment: Annotated[Words, Field(max_length=LONGEST_PAYMENT)] | None = Field(
        examples=["By bank transfer after the session: UA21 3223 1300 0002 6007 2335 6600 1"],
        description="How to pay. Your own clients see it, and nobody else (B18).",
    )


class PublicProfileView(Output):
    """What everybody in the house may see of a specialist."""

    id: UUID = Field(examples=[ID])
    languages: list[Locale] = Field(examples=[["ru", "uk"]])
    accepts_minors: bool
    verticals: list[Vertical] = Field(examples=[["psychotherapy"]])
    zone: str | None = Field(examples=["Europe/Kyiv"])
    prices: list[PriceBandView]


class ProfileView(PublicProfileView):
    """What you say of your work, with what only your own clients see of it."""

    version: int = Field(examples=[3], description="0 until you have said anything; also the ETag.")
    messengers: list[LoginView]
    payment: str | None


class LinkView(Output):
    """One messenger of the specialist's."""

    messenger: Messenger = Field(examples=["telegram"])
    urls: list[str] = Field(examples=[["https://t.me/anna_helps"]], description="The one to try first in front (B13).")


class MessengersView(Output):
    """Where the client of a request can write to the specialist."""

    policy: OffPlatform = Field(description="When this house lets clients see it (D3).")
    links: list[LinkView] = Field(description="None as long as the house does not let you, or where none were left.")


class PaymentView(Output):
    """How the client of a request pays."""

    instructions: str | None = Field(description="In the specialist's own words; null where they left none.")
