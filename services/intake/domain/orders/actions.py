"""What somebody may do next with an order, for its status page (C13)."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from libs.kit.errors import DomainError
from services.intake.domain.orders import turns
from services.intake.domain.orders.order import NotPaid, Order, OrderTurn, Side
from services.intake.domain.orders.questions import add_questions, changed
from services.intake.domain.orders.slots import NoCall
from services.intake.domain.rules import OrderRules

Action = Literal[
    "pay", "ask", "change", "book_call", "plan_stage", "agree_stage", "nudge", "report_link", "cancel", "start",
    "deliver",
]  # fmt: skip
Tries = dict[Action, Callable[[], Any]]


def next_actions(
    order: Order, side: Side, *, cycles: int, stages_done: bool, now: datetime, rules: OrderRules
) -> tuple[Action, ...]:
    """What would be done if it were asked for now: the rules themselves are tried, so the page cannot promise more."""
    tries = _of_client(order, now, rules) if side == "client" else _of_specialist(order, stages_done, now)
    tries["pay"] = lambda: order.paid_at is None and turns.pay(order, side, now=now)
    if order.state != "cancelled":
        tries["cancel"] = lambda: turns.cancel(order, side, cycles=cycles, now=now, rules=rules)
    return tuple(sorted(_possible(tries)))


def _of_client(order: Order, now: datetime, rules: OrderRules) -> Tries:
    return {
        "ask": lambda: add_questions(order, [""], now=now, rules=rules),
        "change": lambda: changed(order, now=now, rules=rules),
        "book_call": lambda: _bookable(order, now, rules),
        "agree_stage": lambda: order.kind == "multi_stage" and order.state in {"placed", "paid", "started"},
        "nudge": lambda: turns.nudge(order, now=now, rules=rules),
        "report_link": lambda: order.state == "delivered" and turns.report(order, now=now, rules=rules),
    }


def _of_specialist(order: Order, stages_done: bool, now: datetime) -> Tries:
    return {
        "plan_stage": lambda: order.kind == "multi_stage" and order.state in {"placed", "paid", "started"},
        "start": lambda: order.state == "paid" and turns.start(order, now=now),
        "deliver": lambda: (
            order.state == "started" and turns.deliver(order, linked=True, stages_done=stages_done, now=now)
        ),
    }


def _bookable(order: Order, now: datetime, rules: OrderRules) -> OrderTurn:
    if order.kind != "planned_call":
        raise NoCall
    if order.state != "paid":
        raise NotPaid
    return OrderTurn(order) if order.call_at is None else changed(order, now=now, rules=rules)


def _possible(tries: Tries) -> Iterator[Action]:
    for action, attempt in tries.items():
        try:
            if attempt():
                yield action
        except DomainError:
            continue
