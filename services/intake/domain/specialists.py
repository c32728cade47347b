"""Profiles: what specialists say of their work, and who is shown which part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from libs.events.intake import Locale, Messenger, ProfileChanged
from libs.kit.errors import Invalid, NotFound
from libs.kit.messengers import Link, Login, OffPlatform, link, may_be_shown
from services.intake.domain.requests import Request, RequestUnknown

Vertical = Literal["psychotherapy", "crisis_support", "counselling", "medicine", "consulting"]
Region = Literal["large_city", "province", "europe"]


class SpecialistUnknown(NotFound):
    """There is no such specialist here."""


class PriceImpossible(Invalid):
    """A region has one price band: a lowest price, a highest price, or both with the lowest not above the other."""


@dataclass(frozen=True, slots=True)
class PriceBand:
    """What a session costs in one region, in minor units; an open end is None (B20)."""

    region: Region
    currency: str
    lowest: int | None
    highest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a specialist says of their work; whoever said nothing yet has version 0."""

    version: int = 0
    languages: tuple[Locale, ...] = ()
    accepts_minors: bool = False
    verticals: tuple[Vertical, ...] = ()
    zone: str | None = None
    prices: tuple[PriceBand, ...] = ()
    messengers: Mapping[Messenger, Login] = field(default_factory=dict)
    payment: str | None = None


def priced(bands: Sequence[PriceBand]) -> tuple[PriceBand, ...]:
    """The bands, if they can be meant, by region."""
    possible = all(
        band.highest is not None if band.lowest is None else band.highest is None or band.lowest <= band.highest
        for band in bands
    )
    if not possible or len({band.region for band in bands}) < len(bands):
        raise PriceImpossible
    return tuple(sorted(bands, key=lambda band: band.region))


def change(
    known: Profile, wanted: Profile, *, tenant: str, specialist_id: UUID, now: datetime
) -> ProfileChanged | None:
    """The next version of a profile; None when nothing differs. How to pay and where to write is said to nobody."""
    if replace(wanted, version=known.version) == known:
        return None
    return ProfileChanged(
        tenant=tenant, at=now, specialist_id=specialist_id, version=known.version + 1, languages=wanted.languages,
        accepts_minors=wanted.accepts_minors,
    )  # fmt: skip


def helped_by(request: Request | None, client_id: UUID) -> UUID:
    """Who works with the client of this request; RequestUnknown for others, and while or since nobody does."""
    if request is None or request.client_id != client_id or request.accepted_by is None or request.closed_at:
        raise RequestUnknown
    return request.accepted_by


def reachable(policy: OffPlatform, logins: Mapping[Messenger, Login], *, held: bool) -> list[Link]:
    """The links that a client sees: none, all, or all once a first session was held (D3)."""
    if not may_be_shown(policy, held=held):
        return []
    return [link(messenger, logins[messenger]) for messenger in sorted(logins)]
