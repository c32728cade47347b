"""Where orders stand, and how long that takes."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.orders import ServiceKind
from services.intake.domain.orders import (
    Action,
    Delivered,
    Order,
    Terms,
    Wait,
    days_away,
    in_queue,
    next_actions,
    place_key,
    turns,
    waiting,
)
from services.intake.domain.orders.stages import all_done
from services.intake.domain.rules import Rules
from services.intake.queries.offers import holidays_of, terms_version
from services.intake.queries.orders import cycles_of, seen_order, stages_of
from services.intake.queries.policies import rules_of
from services.intake.tables.orders import OrderRow

# The same key as domain's place_key: the urgent first, each by its own clock.
KEY = (OrderRow.urgency != "urgent", func.coalesce(OrderRow.due, OrderRow.paid_at), OrderRow.id)
_behind = tuple_(bindparam("unhurried"), bindparam("since"), bindparam("id"))
_queued = and_(
    OrderRow.specialist_id == bindparam("specialist_id"),
    OrderRow.kind == bindparam("kind"),
    OrderRow.paid_at.is_not(None),
    OrderRow.started_at.is_(None),
    OrderRow.cancelled_at.is_(None),
)
BEFORE = select(func.count()).where(_queued, tuple_(*KEY) < _behind)
_queue = (
    select(*(getattr(OrderRow, each.name) for each in fields(Order)))
    .where(_queued)
    .order_by(*KEY)
    .limit(bindparam("most"))
)
QUEUE = {False: _queue, True: _queue.where(tuple_(*KEY) > _behind)}
HISTORY = (
    select(OrderRow.paid_at, OrderRow.delivered_at)
    .where(OrderRow.specialist_id == bindparam("specialist_id"), OrderRow.kind == bindparam("kind"))
    .where(OrderRow.delivered_at > bindparam("since"), OrderRow.urgency != "urgent")
    .order_by(OrderRow.delivered_at.desc(), OrderRow.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """All that somebody may want to ask about an order (C13)."""

    order: Order
    terms: Terms
    position: int | None
    wait: Wait
    may: tuple[Action, ...]
    nudge_at: datetime | None


async def order_status(tx: AsyncSession, order_id: UUID, viewer: UUID, *, now: datetime) -> OrderStatus:
    """How an order stands at this moment, for one of its sides."""
    order = await seen_order(tx, order_id, viewer)
    rules = await rules_of(tx, order.tenant)
    terms = await terms_version(tx, order.specialist_id, order.kind, order.terms_version)
    cycles = await cycles_of(tx, order, since=now - rules.orders.cancels_within)
    done = all_done(await stages_of(tx, order_id))
    may = next_actions(order, order.side(viewer), cycles=cycles, stages_done=done, now=now, rules=rules.orders)
    again = order.nudged_at + rules.orders.nudge_floor if order.nudged_at else None
    position, wait = await standing(tx, order, rules, now=now)
    return OrderStatus(order, terms, position if in_queue(order) else None, wait, may, again)


async def standing(tx: AsyncSession, order: Order, rules: Rules, *, now: datetime) -> tuple[int, Wait]:
    """The place in the queue (of an unpaid order: if it were paid now), and the wait from there."""
    position = await position_of(tx, turns.pay(order, "client", now=now).after) if order.state == "placed" else 0
    if in_queue(order):
        position = await position_of(tx, order)
    since = now - rules.orders.history_reaches
    history = await history_of(tx, order.specialist_id, order.kind, since=since, most=rules.orders.history_most)
    away = days_away(await holidays_of(tx, order.specialist_id), rules.race.zone)
    return position, waiting(order, position, history, away, now=now, rules=rules.orders)


async def position_of(tx: AsyncSession, order: Order) -> int:
    """1 for whose turn is next."""
    unhurried, since, id = place_key(order)
    asked = {
        "specialist_id": order.specialist_id, "kind": order.kind, "unhurried": unhurried, "since": since, "id": id,
    }  # fmt: skip
    return 1 + (await tx.scalar(BEFORE, asked) or 0)


async def queue_of(
    tx: AsyncSession, specialist_id: UUID, kind: ServiceKind, *, after: Sequence[Any] | None, most: int
) -> list[Order]:
    """A specialist's queue, in turn, from behind where a page ended."""
    asked: dict[str, Any] = {"specialist_id": specialist_id, "kind": kind, "most": most}
    asked |= dict(zip(("unhurried", "since", "id"), after, strict=True)) if after else {}
    return [Order(**row._mapping) for row in await tx.execute(QUEUE[bool(after)], asked)]  # noqa: SLF001


async def history_of(
    tx: AsyncSession, specialist_id: UUID, kind: ServiceKind, *, since: datetime, most: int
) -> list[Delivered]:
    """What was delivered lately, but for the urgent, which did not wait in turn."""
    asked = {"specialist_id": specialist_id, "kind": kind, "since": since, "most": most}
    return [Delivered(row[0], row[1]) for row in await tx.execute(HISTORY, asked) if row[0] and row[1]]
