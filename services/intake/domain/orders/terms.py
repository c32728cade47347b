"""What a specialist offers, on what terms: closed choices, so that nobody has to read between lines (C14)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from libs.events.orders import ServiceKind
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.rules import OrderRules

Part = Literal[
    "recorded_answer", "one_answer", "live_call", "result_link", "added_questions", "follow_ups", "several_stages",
    "individual_dates", "fixed_date", "within_a_day", "client_support", "regular_correspondence",
]  # fmt: skip
Clock = Literal["queue", "from_payment", "appointment", "agreement"]
Currency = Literal["UAH", "EUR", "BGN", "RUB", "KZT", "PLN", "USD"]

PARTS: tuple[Part, ...] = (
    "recorded_answer", "one_answer", "live_call", "result_link", "added_questions", "follow_ups", "several_stages",
    "individual_dates", "fixed_date", "within_a_day", "client_support", "regular_correspondence",
)  # fmt: skip
ALWAYS: dict[ServiceKind, frozenset[Part]] = {
    "planned_recording": frozenset({"recorded_answer", "result_link", "added_questions"}),
    "urgent_work": frozenset({"within_a_day"}),
    "planned_call": frozenset({"live_call", "fixed_date"}),
    "one_question": frozenset({"one_answer", "follow_ups"}),
    "multi_stage": frozenset({"several_stages", "individual_dates"}),
}
NEVER: dict[ServiceKind, frozenset[Part]] = {
    "planned_recording": frozenset({"one_answer", "within_a_day", "several_stages"}),
    "urgent_work": frozenset({"several_stages", "fixed_date"}),
    "planned_call": frozenset({"within_a_day", "several_stages"}),
    "one_question": frozenset(PARTS) - {"one_answer", "follow_ups", "recorded_answer", "result_link"},
    "multi_stage": frozenset({"one_answer", "within_a_day"}),
}
CLOCKS: dict[ServiceKind, Clock] = {
    "planned_recording": "queue", "urgent_work": "from_payment", "planned_call": "appointment",
    "one_question": "queue", "multi_stage": "agreement",
}  # fmt: skip


class KindNotOffered(NotFound):
    """This specialist does not offer this kind of service."""


class NotPartOfThis(Invalid):
    """This kind of service cannot include that."""


class PriceUpsideDown(Invalid):
    """The least price is above the greatest."""


class TermsChanged(Conflict):
    """The terms have changed since you read them. Read them again, then decide."""

    def __init__(self, current: int) -> None:
        super().__init__()
        self.current = current

    def extra(self) -> dict[str, Any]:
        """The version that binds now."""
        return {"terms_version": self.current}


@dataclass(frozen=True, slots=True)
class Price:
    """From so much to so much, in the currency's smallest unit."""

    currency: Currency
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of what a specialist offers under a kind; what was acknowledged never changes any more."""

    specialist_id: UUID
    kind: ServiceKind
    version: int
    offered: bool
    includes: frozenset[Part]
    price: Price
    wait_least: timedelta | None
    wait_most: timedelta | None

    @property
    def excludes(self) -> frozenset[Part]:
        """What is not included: all that is not."""
        return frozenset(PARTS) - self.includes

    @property
    def clock(self) -> Clock:
        """From what one counts."""
        return CLOCKS[self.kind]


def offer(
    specialist_id: UUID, kind: ServiceKind, before: Terms | None, *, also: frozenset[Part], price: Price, offered: bool,
    rules: OrderRules,
) -> Terms:  # fmt: skip
    """The next version of an offer, or the same one if nothing is different."""
    if also & NEVER[kind]:
        raise NotPartOfThis(f"{kind} never includes {', '.join(sorted(also & NEVER[kind]))}.")
    if price.least > price.most:
        raise PriceUpsideDown
    least, most = _wait(kind, rules)
    version = before.version if before else 0
    terms = Terms(specialist_id, kind, version, offered, ALWAYS[kind] | also, price, least, most)
    return terms if terms == before else replace(terms, version=version + 1)


def acknowledged(terms: Terms | None, version: int, *, avoided: bool) -> Terms:
    """The terms that a client says to have read: those that bind now (C8, C14).

    To a client whom the specialist does not want again, nothing is offered, and in the same words (C9).
    """
    if terms is None or not terms.offered or avoided:
        raise KindNotOffered
    if version != terms.version:
        raise TermsChanged(terms.version)
    return terms


def _wait(kind: ServiceKind, rules: OrderRules) -> tuple[timedelta | None, timedelta | None]:
    match kind:
        case "planned_recording":
            return rules.recording_least, rules.recording_most
        case "one_question":
            return rules.question_least, rules.question_most
        case "urgent_work":
            return timedelta(0), rules.urgent_within
        case "planned_call":
            return rules.call_ahead_least, rules.call_ahead_most
        case "multi_stage":
            return None, None
