"""Work in several stages, each on a date that was agreed with this very person (C5)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libs.events.orders import StageReached
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.orders.order import NotPaid, Order, OrderCancelled
from services.intake.domain.orders.turns import AlreadyDelivered
from services.intake.domain.rules import OrderRules


class NoStages(Conflict):
    """This kind of service is done in one."""


class StageUnknown(NotFound):
    """There is no such stage; stages are numbered one after the other."""


class StageDone(Conflict):
    """This stage is done."""


class StageMoved(Conflict):
    """The date of this stage has changed since you saw it."""


class StageNotAgreed(Conflict):
    """The date of this stage is not agreed yet."""


class TooManyStages(Conflict):
    """This order has as many stages as there may be."""


class StageOutsideWindow(Invalid):
    """A stage is planned for a moment to come, and not for years ahead."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One of several stages of an order."""

    number: int
    on: datetime
    agreed_at: datetime | None = None
    done_at: datetime | None = None


StageTurn = tuple[Stage, StageReached | None]


def plan(
    order: Order, stages: Sequence[Stage], number: int, *, on: datetime, now: datetime, rules: OrderRules
) -> Stage:
    """The specialist proposes a date; another one needs to be agreed anew."""
    _staged(order)
    if not 1 <= number <= len(stages) + 1:
        raise StageUnknown
    if number > rules.stages_at_most:
        raise TooManyStages
    if not now < on <= now + rules.stages_ahead:
        raise StageOutsideWindow
    if number > len(stages):
        return Stage(number, on)
    stage = stages[number - 1]
    if stage.done_at is not None:
        raise StageDone
    return stage if stage.on == on else Stage(number, on)


def agree(order: Order, stages: Sequence[Stage], number: int, *, on: datetime, now: datetime) -> StageTurn:
    """The client agrees to the date that was seen; if it is another one by now, nothing was agreed."""
    stage = _known(order, stages, number)
    if stage.on != on:
        raise StageMoved
    if stage.agreed_at is not None:
        return stage, None
    return replace(stage, agreed_at=now), _reached(order, number, done=False, now=now)


def complete(order: Order, stages: Sequence[Stage], number: int, *, now: datetime) -> StageTurn:
    """The specialist says that an agreed stage is done."""
    stage = _known(order, stages, number)
    if stage.done_at is not None:
        return stage, None
    if stage.agreed_at is None:
        raise StageNotAgreed
    if order.paid_at is None:
        raise NotPaid
    return replace(stage, done_at=now), _reached(order, number, done=True, now=now)


def all_done(stages: Sequence[Stage]) -> bool:
    """Whether nothing is left to do, and something was done."""
    return bool(stages) and all(stage.done_at is not None for stage in stages)


def _known(order: Order, stages: Sequence[Stage], number: int) -> Stage:
    _staged(order)
    if not 1 <= number <= len(stages):
        raise StageUnknown
    return stages[number - 1]


def _staged(order: Order) -> None:
    if order.kind != "multi_stage":
        raise NoStages
    if order.state == "cancelled":
        raise OrderCancelled
    if order.state == "delivered":
        raise AlreadyDelivered


def _reached(order: Order, number: int, *, done: bool, now: datetime) -> StageReached:
    return StageReached(
        tenant=order.tenant, at=now, order_id=order.id, specialist_id=order.specialist_id, stage=number, done=done
    )
