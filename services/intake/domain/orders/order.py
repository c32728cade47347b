"""An order: what is asked of one specialist, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from libs.events import Event
from libs.events.orders import OrderPlaced, ServiceKind
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.orders.terms import Terms
from services.intake.domain.rules import OrderRules

Side = Literal["client", "specialist"]
Canceller = Literal["client", "specialist", "time"]
State = Literal["placed", "paid", "started", "delivered", "cancelled"]
Urgency = Literal["none", "urgent", "braked"]


class OrderUnknown(NotFound):
    """There is no such order for you."""


class OrderCancelled(Conflict):
    """This order is off."""


class NotPaid(Conflict):
    """This order is not paid yet; what follows counts from its payment."""


class WorkBegan(Conflict):
    """Work on this order has begun."""


class TooManyUnpaid(Conflict):
    """You have as many unpaid orders with this specialist as there may be. Pay or cancel one of them first."""


class OrderToYourself(Invalid):
    """An order to yourself is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as its rules see it; what its client wrote is no part of it."""

    id: UUID
    tenant: str
    client_id: UUID
    specialist_id: UUID
    kind: ServiceKind
    terms_version: int
    wait_least: timedelta | None
    wait_most: timedelta | None
    placed_at: datetime
    pay_by: datetime | None = None
    questions: int
    urgency: Urgency = "none"
    paid_at: datetime | None = None
    paid_said_by: Side | None = None
    due: datetime | None = None
    started_at: datetime | None = None
    delivered_at: datetime | None = None
    late: bool = False
    linked: bool = False
    cancelled_at: datetime | None = None
    cancelled_by: Canceller | None = None
    call_at: datetime | None = None
    prepare_at: datetime | None = None
    follow_ups: int = 0
    changes: int = 0
    nudges: int = 0
    nudged_at: datetime | None = None
    reports: int = 0

    @property
    def state(self) -> State:
        """How far it has come."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.delivered_at is not None:
            return "delivered"
        if self.started_at is not None:
            return "started"
        return "paid" if self.paid_at is not None else "placed"

    def side(self, person: UUID) -> Side:
        """Which of its two sides somebody is; for everyone else there is no such order."""
        if person == self.client_id:
            return "client"
        if person != self.specialist_id:
            raise OrderUnknown
        return "specialist"


@dataclass(frozen=True, slots=True)
class OrderTurn:
    """An order from here on, and what is said of it."""

    after: Order
    says: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """What counts, of a client's earlier orders, when there is another one."""

    unpaid: int = 0
    urgent: int = 0


def place(
    order_id: UUID, client_id: UUID, terms: Terms, customer: Customer, *, tenant: str, questions: int, urgent: bool,
    now: datetime, rules: OrderRules,
) -> OrderTurn:  # fmt: skip
    """A client orders on terms that were read; a first word that says urgent counts so often and no more (C12)."""
    if client_id == terms.specialist_id:
        raise OrderToYourself
    if customer.unpaid >= rules.unpaid_at_most:
        raise TooManyUnpaid
    braked = customer.urgent >= rules.urgent_at_most
    order = Order(
        id=order_id, tenant=tenant, client_id=client_id, specialist_id=terms.specialist_id, kind=terms.kind,
        terms_version=terms.version, wait_least=terms.wait_least, wait_most=terms.wait_most, placed_at=now,
        pay_by=now + rules.pay_within, questions=questions,
        urgency=("braked" if braked else "urgent") if urgent else "none",
    )  # fmt: skip
    placed = OrderPlaced(
        tenant=tenant, at=now, order_id=order_id, client_id=client_id, specialist_id=terms.specialist_id,
        kind=terms.kind, terms_version=terms.version, urgent=order.urgency == "urgent",
    )  # fmt: skip
    return OrderTurn(order, (placed,))


def of_client(order: Order, person: UUID) -> Order:
    """What a client does with an order is done with their own."""
    if person != order.client_id:
        raise OrderUnknown
    return order


def of_specialist(order: Order, person: UUID) -> Order:
    """What a specialist does with an order is done with one that came to them."""
    if person != order.specialist_id:
        raise OrderUnknown
    return order
