"""What partners and the front end report: who looked, and what clients thought."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Version

Source = Literal["site", "app", "partner"]
Stars = Annotated[int, Meta(ge=1, le=5)]


class ProfileViewsCounted(Event, topic="partners.facts", key="specialist_id"):
    """How often a profile was seen on a UTC day, until now, by one source's count: it only grows, so the last is all.

    A viewer counts once a day; the specialist's own looks, the staff's and those of robots are not in it (D14).
    """

    specialist_id: UUID
    day: date
    source: Source
    views: Annotated[int, Meta(ge=0)]


class ReviewLeft(Event, topic="partners.facts", key="review_id"):
    """A client rated a specialist; where both are known, the author can be talked with about it (P1)."""

    review_id: UUID
    specialist_id: UUID
    stars: Stars
    version: Version
    client_id: UUID | None = None
    clinic_id: UUID | None = None


class ReviewChanged(Event, topic="partners.facts", key="review_id"):
    """The author thought better of it. One register with ReviewLeft: the greater version is the truth."""

    review_id: UUID
    specialist_id: UUID
    stars: Stars
    version: Version
    client_id: UUID | None = None
    clinic_id: UUID | None = None
