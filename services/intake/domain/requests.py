"""A request: how it is opened, who may see it, and how it ends."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from libs.events.intake import Category, CooldownReleased, Kind, Locale, RequestDeactivated, RequestOpened
from libs.events.support import ExclusionDecided
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.rules import Rules, reply_due

Contact = NewType("Contact", str)
# What the site sends when there is no phone. Libraries call it a valid number of Kazakhstan, so it never reaches one.
NO_PHONE = "77777777777"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
SEPARATORS = str.maketrans("", "", " ()-.\u00a0")


class RequestUnknown(NotFound):
    """There is no such request for you."""


class RequestClosed(Conflict):
    """This request has been closed by support."""


class PhoneMissing(Invalid):
    """A phone request needs a phone number."""


class PhoneUnexpected(Invalid):
    """A chat request takes no phone number."""


class PhoneMalformed(Invalid):
    """A phone number is written with its country code, such as +380 44 123 45 67."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as its rules see it; how to reach its client is no part of it."""

    id: UUID
    tenant: str
    client_id: UUID
    kind: Kind
    one_off: bool
    opened_at: datetime
    reply_due: datetime
    accepted_by: UUID | None = None
    accepted_at: datetime | None = None
    rest_until: datetime | None = None
    deactivated_at: datetime | None = None


def contact(kind: Kind, phone: str | None) -> Contact | None:
    """The number to call, in one form; the placeholder +77777777777 means that there is none (B2)."""
    written = (phone or "").translate(SEPARATORS)
    if not written or written.removeprefix("+") == NO_PHONE:
        if kind == "phone":
            raise PhoneMissing
        return None
    if kind == "chat":
        raise PhoneUnexpected
    if not E164.fullmatch(written):
        raise PhoneMalformed
    return Contact(written)


def open_request(
    request_id: UUID,
    *,
    tenant: str,
    client_id: UUID,
    kind: Kind,
    category: Category,
    locale: Locale,
    one_off: bool,
    now: datetime,
    rules: Rules,
) -> RequestOpened:
    """A client asks for help, and is promised an answer."""
    return RequestOpened(
        tenant=tenant, at=now, request_id=request_id, client_id=client_id, kind=kind, category=category,
        locale=locale, one_off=one_off, reply_due=reply_due(now, kind, rules),
    )  # fmt: skip


def visible(request: Request | None, viewer: UUID) -> Request:
    """A request is seen by its client and its winner; for everyone else there is none."""
    if request is None or viewer not in (request.client_id, request.accepted_by):
        raise RequestUnknown
    return request


def deactivate(request: Request, decision: ExclusionDecided, *, now: datetime) -> RequestDeactivated | None:
    """What support strikes from the record is closed for good (R4). A reinstatement restores figures, not the request.

    That it looks at no version is what makes it hold in any order of arrival: one exclusion ever is enough.
    """
    if not decision.excluded or request.deactivated_at is not None:
        return None
    return RequestDeactivated(tenant=request.tenant, at=now, request_id=request.id, decision_id=decision.decision_id)


def release(request: Request, *, now: datetime) -> CooldownReleased | None:
    """A request that should never have been costs its winner no wait (D5), as long as there is any left."""
    if request.accepted_by is None or request.rest_until is None or request.rest_until <= now:
        return None
    return CooldownReleased(tenant=request.tenant, at=now, specialist_id=request.accepted_by, request_id=request.id)
