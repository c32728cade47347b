"""Exact times for calls, one to three weeks ahead (C3)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.orders.order import NotPaid, Order, OrderCancelled, OrderTurn, WorkBegan
from services.intake.domain.orders.questions import changed
from services.intake.domain.rules import OrderRules


class SlotUnknown(NotFound):
    """There is no such time to book."""


class SlotTaken(Conflict):
    """Somebody else has booked this time. Choose another one."""


class SlotOverlaps(Conflict):
    """You offer another time that overlaps with this one."""


class TooManySlots(Conflict):
    """You offer as many times as there may be."""


class NoCall(Conflict):
    """This kind of service has no call to book."""


class OutsideWindow(Invalid):
    """Calls are booked within a certain time ahead, and this is outside of it."""

    def __init__(self, first: datetime, last: datetime) -> None:
        super().__init__()
        self.first, self.last = first, last

    def extra(self) -> dict[str, Any]:
        """From when to when a call may begin."""
        return {"from": self.first, "until": self.last}


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that a specialist keeps for a call."""

    id: UUID
    specialist_id: UUID
    starts_at: datetime
    lasts: timedelta
    order_id: UUID | None = None


def within_window(starts_at: datetime, *, now: datetime, rules: OrderRules) -> None:
    """Both ends of the window belong to it."""
    first, last = now + rules.call_ahead_least, now + rules.call_ahead_most
    if not first <= starts_at <= last:
        raise OutsideWindow(first, last)


def book(order: Order, slot: Slot | None, *, now: datetime, rules: OrderRules) -> OrderTurn:
    """Take a time for a paid call; another one instead is a change of mind like any other (C8).

    Whether it is free is decided here as it looks, and by the row itself in the end.
    """
    if order.kind != "planned_call":
        raise NoCall
    _before_work(order)
    if slot is None or slot.specialist_id != order.specialist_id:
        raise SlotUnknown
    if slot.order_id == order.id:
        return OrderTurn(order)
    if slot.order_id is not None:
        raise SlotTaken
    within_window(slot.starts_at, now=now, rules=rules)
    prepare_at = max(now, slot.starts_at - rules.prepare_before)
    booked = replace(order, call_at=slot.starts_at, prepare_at=prepare_at)
    return OrderTurn(booked) if order.call_at is None else changed(booked, now=now, rules=rules)


def _before_work(order: Order) -> None:
    match order.state:
        case "cancelled":
            raise OrderCancelled
        case "placed":
            raise NotPaid
        case "started" | "delivered":
            raise WorkBegan
        case "paid":
            return
