"""What becomes of an order: each function takes it as it is and says what it turns into."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.events.orders import (
    OrderCancelled,
    OrderDelivered,
    OrderExpired,
    OrderNudged,
    OrderPaid,
    OrderReopened,
    OrderStarted,
)
from libs.kit.errors import Conflict, TooSoon
from services.intake.domain.orders.order import NotPaid, Order, OrderTurn, Side, WorkBegan
from services.intake.domain.orders.order import OrderCancelled as Off
from services.intake.domain.rules import OrderRules


class AlreadyDelivered(Conflict):
    """The result of this order is there already."""


class NotStarted(Conflict):
    """Work on this order has not begun, so there is no result yet."""


class CallNotBooked(Conflict):
    """This order has no time for its call yet."""


class CallNotYet(Conflict):
    """The time of this call has not come."""

    def __init__(self, call_at: datetime) -> None:
        super().__init__()
        self.call_at = call_at

    def extra(self) -> dict[str, Any]:
        """When it comes."""
        return {"call_at": self.call_at}


class StagesOpen(Conflict):
    """Work in stages is delivered when every stage is done, and there is at least one."""


class LinkMissing(Conflict):
    """The result of a planned recording is a link."""


class NothingToOpen(Conflict):
    """There is no delivered link that could fail to open, or it was delivered too long ago."""


class TooManyReports(Conflict):
    """This result was sent back as often as it may be. Write to support."""


class CancelledTooOften(Conflict):
    """You have paid and cancelled as often with this specialist as you may. Only the specialist can cancel this one."""


class NudgedTooSoon(TooSoon):
    """You have asked already. Your place in the queue is safe; ask again later."""


def pay(order: Order, said_by: Side, *, now: datetime) -> OrderTurn:
    """Either side says that the order was paid, elsewhere (B18); urgent work is due from here (C2)."""
    if order.state == "cancelled":
        raise Off
    if order.paid_at is not None:
        return OrderTurn(order)
    due = now + order.wait_most if order.kind == "urgent_work" and order.wait_most is not None else None
    said = OrderPaid(tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, due=due)
    return OrderTurn(replace(order, paid_at=now, paid_said_by=said_by, due=due), (said,))


def start(order: Order, *, now: datetime) -> OrderTurn:
    """Work begins: questions are closed from here on. A call begins at its time and not before."""
    if order.state == "started":
        return OrderTurn(order)
    _paid(order)
    if order.state == "delivered":
        raise AlreadyDelivered
    if order.kind == "planned_call" and order.call_at is None:
        raise CallNotBooked
    if order.call_at is not None and now < order.call_at:
        raise CallNotYet(order.call_at)
    said = OrderStarted(tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id)
    return OrderTurn(replace(order, started_at=now), (said,))


def deliver(order: Order, *, linked: bool, stages_done: bool, now: datetime) -> OrderTurn:
    """The result is there; what comes after its due moment is late (C2)."""
    _paid(order)
    if order.state == "delivered":
        # Only a wrong link can be put right: the result was there before.
        return OrderTurn(replace(order, linked=linked or order.linked))
    if order.state != "started":
        raise NotStarted
    if order.kind == "planned_recording" and not linked:
        raise LinkMissing
    if order.kind == "multi_stage" and not stages_done:
        raise StagesOpen
    late = order.due is not None and now > order.due
    said = OrderDelivered(tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, late=late)
    return OrderTurn(replace(order, delivered_at=now, late=late, linked=linked), (said,))


def report(order: Order, *, now: datetime, rules: OrderRules) -> OrderTurn:
    """The client cannot open the link: the result is not there after all, and is due again (C1)."""
    if order.state == "started" and order.reports:
        return OrderTurn(order)
    if order.delivered_at is None or not order.linked or now > order.delivered_at + rules.report_within:
        raise NothingToOpen
    if order.reports >= rules.reports_at_most:
        raise TooManyReports
    after = replace(order, delivered_at=None, late=False, linked=False, reports=order.reports + 1)
    said = OrderReopened(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, reports=after.reports
    )
    return OrderTurn(after, (said,))


def cancel(order: Order, by: Side, *, cycles: int, now: datetime, rules: OrderRules) -> OrderTurn:
    """Take an order back: what was never paid at any time, what was paid so often only (C8), what was begun not.

    A specialist may let go of an order until its result is there; that is no change of the client's mind.
    """
    if order.state == "cancelled":
        return OrderTurn(order)
    if order.state == "delivered":
        raise AlreadyDelivered
    if by == "client":
        if order.state == "started":
            raise WorkBegan
        if order.state == "paid":
            if cycles >= rules.cancels_at_most:
                raise CancelledTooOften
            cycles += 1
    said = OrderCancelled(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, by=by, cycles=cycles
    )
    after = replace(order, cancelled_at=now, cancelled_by=by, call_at=None, prepare_at=None)
    return OrderTurn(after, (said,))


def expire(order: Order, *, now: datetime) -> OrderTurn:
    """Nobody said in time that it was paid, so it is off; who says so late, but before this is told, was in time."""
    if order.state != "placed" or order.pay_by is None or now < order.pay_by:
        return OrderTurn(order)
    said = OrderExpired(tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id)
    return OrderTurn(replace(order, cancelled_at=now, cancelled_by="time"), (said,))


def nudge(order: Order, *, now: datetime, rules: OrderRules) -> OrderTurn:
    """Asking how it goes is wanted, and moves nothing (C6)."""
    _paid(order)
    if order.state == "delivered":
        raise AlreadyDelivered
    if order.nudged_at is not None and now < order.nudged_at + rules.nudge_floor:
        raise NudgedTooSoon(order.nudged_at + rules.nudge_floor)
    after = replace(order, nudges=order.nudges + 1, nudged_at=now)
    said = OrderNudged(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, nudges=after.nudges
    )
    return OrderTurn(after, (said,))


def _paid(order: Order) -> None:
    if order.state == "cancelled":
        raise Off
    if order.paid_at is None:
        raise NotPaid
