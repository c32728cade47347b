"""The race for a request: who may win it, and what a press on Accept is answered with."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.events import Event
from libs.events.intake import Kind, PressTooQuick, RequestAccepted
from libs.kit.errors import Conflict, Forbidden, Invalid, TooSoon
from services.intake.domain.requests import Racer, Request, RequestClosed, RequestUnknown, offered
from services.intake.domain.rules import RaceRules, answer_due, cooldown
from services.intake.domain.turns import look_at


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


class OffDuty(Conflict):
    """You are not on duty. Say until when you are there, then press again."""


class WrongDevice(Conflict):
    """You accept requests on another device. Start your duty on this one to accept here."""


class AnswerFirst(Conflict):
    """Answer the request you have taken before you take another one."""

    def __init__(self, request_id: UUID) -> None:
        super().__init__()
        self.request_id = request_id

    def extra(self) -> dict[str, Any]:
        """Which one waits."""
        return {"request_id": self.request_id}


class KeyReused(Invalid):
    """This Idempotency-Key belongs to a press on another request."""


class TicketRefused(Forbidden):
    """This ticket was used, has expired or never was; ask for another one."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """An earlier press with the same key."""

    request_id: UUID
    receipt: Receipt
    won: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """A press on Accept, with everything that was known when it came."""

    now: datetime
    specialist_id: UUID
    key: str
    request: Request | None
    racer: Racer | None
    device_id: UUID | None = None
    barred: bool = False
    earlier: Pressed | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the winner gets."""

    request_id: UUID
    kind: Kind
    received_at: datetime
    reply_due: datetime
    accepted_at: datetime
    ready_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What the first press writes, if it is the first: the acceptance, when to look again, and what is said of it."""

    acceptance: Acceptance
    look_at: datetime | None
    suspended: bool
    says: tuple[Event, ...]


def already(press: Press) -> Acceptance | Receipt | None:
    """The answer that this press was given before; a winner has one answer, on every device and key (D7)."""
    request, earlier = press.request, press.earlier
    if request is None:
        raise RequestUnknown
    if earlier is not None and earlier.request_id != request.id:
        raise KeyReused
    if request.accepted_by == press.specialist_id:
        return _won_before(request)
    # What this press had won was taken back since: there is nothing to repeat.
    return earlier.receipt if earlier and not earlier.won else None


def accept(press: Press, rules: RaceRules) -> Claim:
    """Decide whether this press on Accept may win; the database decides whether it did (B4)."""
    request, racer = press.request, press.racer
    if request is None:
        raise RequestUnknown
    if racer is None:
        raise NotEligible
    _there_for(press, request, racer)
    if request.closed_at is not None:
        raise RequestClosed
    if request.accepted_by is not None:
        raise RequestTaken
    _may_take(press, racer, rules, in_danger=request.danger_at is not None)
    return _claim(press, request, rules, resting=racer.ready_at)


def _there_for(press: Press, request: Request, racer: Racer) -> None:
    """For whom the request is not there, it does not exist; why it is not is nobody's business (C9, D17)."""
    minor = request.age == "minor"
    seen = offered(racer, direct_to=request.direct_to, minor=minor, locale=request.locale)
    if press.barred or not seen:
        raise RequestUnknown


def _may_take(press: Press, racer: Racer, rules: RaceRules, *, in_danger: bool) -> None:
    if not racer.on_duty(press.now):
        raise OffDuty
    if racer.device_id is not None and racer.device_id != press.device_id:
        raise WrongDevice
    # Who is in danger waits for no wait of others.
    if in_danger:
        return
    if rules.one_unanswered and racer.unanswered is not None:
        raise AnswerFirst(racer.unanswered)
    if racer.ready_at is not None and press.now < racer.ready_at:
        raise CoolingDown(until=racer.ready_at)


def _claim(press: Press, request: Request, rules: RaceRules, *, resting: datetime | None) -> Claim:
    """The request, and a wait before the next one (B5): never a shorter one than was under way."""
    now, reaction = press.now, press.now - request.shown_at
    rest_until = max(now + cooldown(now, rules), resting or now)
    due = answer_due(now, request.promised_until, request.kind, rules)
    won = replace(request, accepted_by=press.specialist_id, accepted_at=now, rest_until=rest_until, reply_due=due)
    accepted = RequestAccepted(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=press.specialist_id,
        client_id=request.client_id, kind=request.kind, one_off=request.one_off, opened_at=request.opened_at,
        reply_due=due, round=request.round, reaction_ms=max(0, reaction // timedelta(milliseconds=1)),
    )  # fmt: skip
    acceptance = _won_before(won)
    if acceptance is None:
        raise TypeError("a won request has its times")
    return Claim(
        acceptance, look_at(won, rules), request.danger_at is not None, (accepted, *_too_quick(accepted, rules))
    )


def _too_quick(accepted: RequestAccepted, rules: RaceRules) -> tuple[PressTooQuick, ...]:
    """Nobody reads a card that fast; antifraud looks at it, and nobody is refused for it."""
    if accepted.reaction_ms is None or accepted.reaction_ms >= rules.human_reaction // timedelta(milliseconds=1):
        return ()
    return (
        PressTooQuick(
            tenant=accepted.tenant, at=accepted.at, specialist_id=accepted.specialist_id,
            request_id=accepted.request_id, reaction_ms=accepted.reaction_ms,
        ),
    )  # fmt: skip


def _won_before(request: Request) -> Acceptance | None:
    if request.accepted_at is None or request.rest_until is None or request.reply_due is None:
        return None
    return Acceptance(
        request.id, request.kind, request.opened_at, request.reply_due, request.accepted_at, request.rest_until
    )
