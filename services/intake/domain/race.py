"""The race for a request: who may win it, and what a press on Accept is answered with."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.events.intake import Kind, RequestAccepted
from libs.kit.errors import Conflict, Invalid, TooSoon
from services.intake.domain.requests import Request, RequestClosed, RequestUnknown
from services.intake.domain.rules import Rules, cooldown


@dataclass(frozen=True, slots=True)
class Receipt:
    """When a press came, among all presses on its request: what a loser can hold against our word (B10)."""

    order: int
    margin_ms: int
    accepted_at: datetime


class RequestTaken(Conflict):
    """Another specialist pressed Accept first."""

    def __init__(self, receipt: Receipt | None = None) -> None:
        super().__init__()
        self.receipt = receipt

    def extra(self) -> dict[str, Any]:
        """The receipt of the press that lost."""
        return {"receipt": asdict(self.receipt)} if self.receipt else {}


class CoolingDown(TooSoon):
    """You have just accepted a request; the next one may be accepted a little later."""


class NotEligible(Conflict):
    """Join as a specialist first."""


class KeyReused(Invalid):
    """This Idempotency-Key belongs to a press on another request."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """An earlier press with the same key."""

    request_id: UUID
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Press:
    """A press on Accept, with everything that was known when it came."""

    now: datetime
    specialist_id: UUID
    key: str
    request: Request | None
    joined: bool
    ready_at: datetime | None
    earlier: Pressed | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the winner gets."""

    request_id: UUID
    kind: Kind
    received_at: datetime
    reply_due: datetime
    accepted_at: datetime
    ready_at: datetime


def already(press: Press) -> Acceptance | Receipt | None:
    """The answer that this press was given before; a winner has one answer, on every device and key (D7)."""
    request, earlier = press.request, press.earlier
    if request is None:
        raise RequestUnknown
    if earlier is not None and earlier.request_id != request.id:
        raise KeyReused
    if request.accepted_by == press.specialist_id:
        return _won_before(request)
    return earlier.receipt if earlier else None


def accept(press: Press) -> RequestAccepted:
    """Decide whether this press on Accept may win; the database decides whether it did (B4)."""
    request = press.request
    if request is None:
        raise RequestUnknown
    if not press.joined:
        raise NotEligible
    if request.deactivated_at is not None:
        raise RequestClosed
    if request.accepted_by is not None:
        raise RequestTaken
    if press.ready_at is not None and press.now < press.ready_at:
        raise CoolingDown(until=press.ready_at)
    return RequestAccepted(
        tenant=request.tenant, at=press.now, request_id=request.id, specialist_id=press.specialist_id,
        client_id=request.client_id, kind=request.kind, one_off=request.one_off, opened_at=request.opened_at,
        reply_due=request.reply_due,
    )  # fmt: skip


def won(accepted: RequestAccepted, rules: Rules) -> Acceptance:
    """What the first press earns: the request, and a wait before the next one (B5)."""
    ready_at = accepted.at + cooldown(accepted.at, rules)
    return Acceptance(accepted.request_id, accepted.kind, accepted.opened_at, accepted.reply_due, accepted.at, ready_at)


def _won_before(request: Request) -> Acceptance | None:
    if request.accepted_at is None or request.rest_until is None:
        return None
    return Acceptance(
        request.id, request.kind, request.opened_at, request.reply_due, request.accepted_at, request.rest_until
    )
