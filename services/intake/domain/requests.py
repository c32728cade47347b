"""A request: how it is opened, who may see it, and what it is to those who race for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from libs.events import Event
from libs.events.intake import Category, Country, Kind, Locale, RequestLinked, RequestOpened
from libs.kit import phones
from libs.kit.errors import Conflict, Invalid, NotFound
from libs.kit.phones import Phone
from services.intake.domain.rules import RaceRules, reply_due

Age = Literal["unknown", "minor", "adult"]
Closed = Literal["withdrawn", "expired", "deactivated", "unreachable", "referred"]
Why = Literal["silent", "handed_over", "referred"]


class RequestUnknown(NotFound):
    """There is no such request for you."""


class RequestClosed(Conflict):
    """This request is closed."""


class PhoneMissing(Invalid):
    """A phone request needs a phone number."""


class DirectToYourself(Invalid):
    """A request to yourself is none."""


class ReferredToYourself(Invalid):
    """A referral goes to somebody else."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its rules see it; how to reach its client is no part of it."""

    id: UUID
    tenant: str
    client_id: UUID
    kind: Kind
    locale: Locale
    one_off: bool
    opened_at: datetime
    promised_until: datetime
    shown_at: datetime
    closes_at: datetime
    age: Age = "unknown"
    direct_to: UUID | None = None
    missed_at: datetime | None = None
    kept_at: datetime | None = None
    danger_at: datetime | None = None
    round: int = 1
    accepted_by: UUID | None = None
    accepted_at: datetime | None = None
    rest_until: datetime | None = None
    reply_due: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    closed_as: Closed | None = None
    country: Country | None = None
    danger_told_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether somebody may still win it."""
        return self.accepted_by is None and self.closed_at is None


@dataclass(frozen=True, slots=True)
class Racer:
    """A specialist, as far as the race and the feed look at them."""

    id: UUID
    ready_at: datetime | None = None
    on_duty_until: datetime | None = None
    device_id: UUID | None = None
    unanswered: UUID | None = None
    accepts_minors: bool = False
    languages: frozenset[Locale] = frozenset()

    def on_duty(self, now: datetime) -> bool:
        """Whether they said that they are there (B7)."""
        return self.on_duty_until is not None and now < self.on_duty_until


def offered(
    racer: Racer, *, direct_to: UUID | None, minor: bool, locale: Locale, barred: Collection[UUID] = ()
) -> bool:
    """Whether a request is there for this specialist at all; to those for whom it is not, it does not exist.

    Minors are seen by who accepts minors (B17, D17), a direct request by the one it is to, and nobody sees again what
    they left unanswered or a client whom they do not want to be matched with (C9).
    """
    if direct_to is not None and direct_to != racer.id:
        return False
    if minor and not racer.accepts_minors:
        return False
    return racer.id not in barred and (not racer.languages or locale in racer.languages)


def contact(kind: Kind, phone: str | None) -> Phone | None:
    """The number to call, in one form; the placeholder +77777777777 means that there is none (B2).

    A chat request may leave one for the case that its client loses the chat (B15).
    """
    number = phones.phone(phone or "")
    if number is None and kind == "phone":
        raise PhoneMissing
    return number


@dataclass(frozen=True, slots=True)
class Alive:
    """An earlier request of the same client that has not come to its end."""

    id: UUID
    specialist_id: UUID | None


def open_request(
    request_id: UUID,
    *,
    tenant: str,
    client_id: UUID,
    kind: Kind,
    category: Category,
    locale: Locale,
    one_off: bool,
    direct_to: UUID | None,
    now: datetime,
    rules: RaceRules,
) -> RequestOpened:
    """A client asks for help, and is promised an answer."""
    if direct_to == client_id:
        raise DirectToYourself
    return RequestOpened(
        tenant=tenant, at=now, request_id=request_id, client_id=client_id, kind=kind, category=category,
        locale=locale, one_off=one_off, reply_due=reply_due(now, kind, rules), direct_to=direct_to,
    )  # fmt: skip


def linked(opened: RequestOpened, earlier: Alive | None) -> list[Event]:
    """A client who is already being helped came again, perhaps by mistake: the two belong together (D12)."""
    if earlier is None:
        return []
    return [
        RequestLinked(
            tenant=opened.tenant, at=opened.at, request_id=opened.request_id, earlier_request_id=earlier.id,
            specialist_id=earlier.specialist_id,
        )
    ]  # fmt: skip


def visible(request: Request | None, viewer: UUID) -> Request:
    """A request is seen by its client and its winner; for everyone else there is none."""
    if request is None or viewer not in (request.client_id, request.accepted_by):
        raise RequestUnknown
    return request


def won_by(request: Request | None, specialist_id: UUID) -> Request:
    """The request, for who has won it and still has it."""
    if request is None or request.accepted_by != specialist_id:
        raise RequestUnknown
    if request.closed_at is not None:
        raise RequestClosed
    return request


def asked_by(request: Request | None, client_id: UUID) -> Request:
    """The request, for the client who left it."""
    if request is None or request.client_id != client_id:
        raise RequestUnknown
    return request
