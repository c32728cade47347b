"""Questions of an order: until when they may be added, and how many there may be."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.events.orders import OrderChanged, QuestionAdded, ServiceKind
from libs.kit.errors import Conflict, Invalid
from services.intake.domain.orders.order import Order, OrderTurn, WorkBegan
from services.intake.domain.orders.order import OrderCancelled as Off
from services.intake.domain.rules import OrderRules

# A line that begins as an item of a list does: "1.", "2)", "-", "*".
_ITEM = re.compile(r"^[ \t]*(?:\d{1,3}[.)]|[-*\u2022\u2013\u2014])[ \t]*\S", re.MULTILINE)
SEVERAL = 2


class OneQuestionOnly(Conflict):
    """One question is exactly one. Several, or a list, are a planned recording: order that instead."""

    def extra(self) -> dict[str, Any]:
        """The kind of service that takes them."""
        return {"order_instead": "planned_recording"}


class QuestionsClosed(WorkBegan):
    """Work on this order has begun, so questions are closed."""


class TooManyQuestions(Conflict):
    """This order has as many questions as there may be."""


class QuestionTooLong(Invalid):
    """A question is longer than it may be."""


class FollowUpsOver(Conflict):
    """The further questions that come with an answer are used up, or its time is over. Order anew to ask more."""


class TooManyChanges(Conflict):
    """This order was changed as often as it may be. It stays as it is, or is cancelled."""


def checked(kind: ServiceKind, questions: Sequence[str], *, earlier: int, rules: OrderRules) -> int:
    """How many questions there are with these; a list under one number is still a list (C4)."""
    if any(len(each) > rules.question_longest for each in questions):
        raise QuestionTooLong(f"A question has at most {rules.question_longest} characters.")
    total = earlier + len(questions)
    if kind == "one_question" and (total > 1 or any(len(_ITEM.findall(each)) >= SEVERAL for each in questions)):
        raise OneQuestionOnly
    if total > rules.questions_at_most:
        raise TooManyQuestions
    return total


def add_questions(order: Order, questions: Sequence[str], *, now: datetime, rules: OrderRules) -> OrderTurn:
    """Ask what was forgotten, until work begins (C1); an answer to one question tolerates a few more (C4)."""
    if order.state == "cancelled":
        raise Off
    if order.state == "delivered" and order.kind == "one_question":
        return _follow_up(order, questions, now=now, rules=rules)
    if order.kind == "one_question":
        raise OneQuestionOnly
    if order.state not in {"placed", "paid"}:
        raise QuestionsClosed
    total = checked(order.kind, questions, earlier=order.questions, rules=rules)
    added = QuestionAdded(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, questions=total
    )
    return OrderTurn(replace(order, questions=total), (added,))


def change(order: Order, questions: Sequence[str], *, now: datetime, rules: OrderRules) -> OrderTurn:
    """Ask something else instead, before work begins and so often only; the place in the queue stays (C8)."""
    total = checked(order.kind, questions, earlier=0, rules=rules)
    return changed(replace(order, questions=total), now=now, rules=rules)


def changed(order: Order, *, now: datetime, rules: OrderRules) -> OrderTurn:
    """One more change of mind, if there is one left (C8)."""
    if order.state == "cancelled":
        raise Off
    if order.state not in {"placed", "paid"}:
        raise QuestionsClosed
    if order.changes >= rules.changes_at_most:
        raise TooManyChanges
    after = replace(order, changes=order.changes + 1)
    said = OrderChanged(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, changes=after.changes
    )
    return OrderTurn(after, (said,))


def _follow_up(order: Order, questions: Sequence[str], *, now: datetime, rules: OrderRules) -> OrderTurn:
    """Free, within reason: so many, and for so long. Nothing is queued by it."""
    over = order.delivered_at is None or now > order.delivered_at + rules.follow_up_within
    if over or order.follow_ups + len(questions) > rules.follow_ups:
        raise FollowUpsOver
    if any(len(each) > rules.question_longest for each in questions):
        raise QuestionTooLong(f"A question has at most {rules.question_longest} characters.")
    return OrderTurn(replace(order, follow_ups=order.follow_ups + len(questions)))
