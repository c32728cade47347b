"""Everything that becomes of an order after it was placed, one thing at a time."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.kit.sealing import Sealer
from services.intake.commands.orders.words import drop_words, keep_words, seal_link
from services.intake.domain.orders import Order, OrderTurn, of_client, of_specialist, questions, turns, usable
from services.intake.domain.orders.stages import all_done
from services.intake.queries.orders import cycles_of, order_of, seen_order, stages_of
from services.intake.queries.policies import rules_of
from services.intake.tables.orders import OrderRow, SlotRow

ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended("
    "concat_ws(' ', 'orders of', CAST(:tenant AS text), CAST(:client AS text)), 0))"
)
RELEASE_SLOT = update(SlotRow).where(SlotRow.order_id == bindparam("of_order")).values(order_id=None)

Becomes = Callable[[Order], OrderTurn]


async def turn_order(tx: AsyncSession, order_id: UUID, becomes: Becomes, **also: Any) -> Order:
    """Let an order become what its rules make of it; its row is locked, so that each step sees the one before."""
    order = await order_of(tx, order_id, lock=True)
    turn = becomes(order)
    await write_turn(tx, order, turn, **also)
    return turn.after


async def write_turn(tx: AsyncSession, order: Order, turn: OrderTurn, **also: Any) -> None:
    """Write what differs, and say what happened."""
    names = [each.name for each in fields(Order)]
    changes = {
        name: getattr(turn.after, name) for name in names if getattr(turn.after, name) != getattr(order, name)
    } | also
    if changes:
        await tx.execute(update(OrderRow).where(OrderRow.id == order.id).values(changes))
    await publish(tx, *turn.says)


async def pay_order(tx: AsyncSession, order_id: UUID, person: UUID, *, now: datetime) -> Order:
    """Somebody of the two says that the order was paid."""
    return await turn_order(tx, order_id, lambda it: turns.pay(it, it.side(person), now=now))


async def start_order(tx: AsyncSession, order_id: UUID, person: UUID, *, now: datetime) -> Order:
    """Work begins."""
    return await turn_order(tx, order_id, lambda it: turns.start(of_specialist(it, person), now=now))


async def deliver_order(
    tx: AsyncSession, sealer: Sealer, order_id: UUID, person: UUID, *, link: str | None, now: datetime
) -> Order:
    """The result is there; its link is kept sealed."""
    order = of_specialist(await order_of(tx, order_id, lock=True), person)
    sealed = seal_link(sealer, usable(link), order) if link is not None else None
    done = all_done(await stages_of(tx, order_id))
    turn = turns.deliver(order, linked=sealed is not None, stages_done=done, now=now)
    await write_turn(tx, order, turn, **({"link": sealed} if sealed else {}))
    return turn.after


async def report_link(tx: AsyncSession, order_id: UUID, person: UUID, *, now: datetime) -> Order:
    """The link does not open: the order is in work again, and what was delivered is not shown any more."""
    order = of_client(await order_of(tx, order_id, lock=True), person)
    rules = (await rules_of(tx, order.tenant)).orders
    turn = turns.report(order, now=now, rules=rules)
    await write_turn(tx, order, turn, link=None)
    return turn.after


async def nudge_order(tx: AsyncSession, order_id: UUID, person: UUID, *, now: datetime) -> Order:
    """The client asks how it goes."""
    order = of_client(await seen_order(tx, order_id, person), person)
    rules = (await rules_of(tx, order.tenant)).orders
    return await turn_order(tx, order_id, lambda it: turns.nudge(it, now=now, rules=rules))


async def cancel_order(tx: AsyncSession, order_id: UUID, person: UUID, *, now: datetime) -> Order:
    """An order is taken back, and its time for a call is free again.

    The client's other orders wait meanwhile, or two that are cancelled at once would each be the last that may be.
    """
    known = await seen_order(tx, order_id, person)
    await tx.execute(ONE_AT_A_TIME, {"tenant": known.tenant, "client": str(known.client_id)})
    rules = (await rules_of(tx, known.tenant)).orders
    cycles = await cycles_of(tx, known, since=now - rules.cancels_within)
    side = known.side(person)
    after = await turn_order(tx, order_id, lambda it: turns.cancel(it, side, cycles=cycles, now=now, rules=rules))
    await tx.execute(RELEASE_SLOT, {"of_order": order_id})
    return after


async def expire_order(tx: AsyncSession, order_id: UUID, *, now: datetime) -> None:
    """An order that was to be paid by now is off, unless it was paid or cancelled meanwhile."""
    await turn_order(tx, order_id, lambda it: turns.expire(it, now=now))


async def ask_more(
    tx: AsyncSession, sealer: Sealer, order_id: UUID, person: UUID, words: Sequence[str], *, now: datetime
) -> Order:
    """Add what was forgotten, or what an answer leaves open."""
    order = of_client(await order_of(tx, order_id, lock=True), person)
    rules = (await rules_of(tx, order.tenant)).orders
    turn = questions.add_questions(order, words, now=now, rules=rules)
    await write_turn(tx, order, turn)
    await keep_words(tx, sealer, order, words, behind=order.questions + order.follow_ups, now=now)
    return turn.after


async def ask_otherwise(
    tx: AsyncSession, sealer: Sealer, order_id: UUID, person: UUID, words: Sequence[str], *, now: datetime
) -> Order:
    """Ask something else instead."""
    order = of_client(await order_of(tx, order_id, lock=True), person)
    rules = (await rules_of(tx, order.tenant)).orders
    turn = questions.change(order, words, now=now, rules=rules)
    await write_turn(tx, order, turn)
    await drop_words(tx, order)
    await keep_words(tx, sealer, order, words, behind=0, now=now)
    return turn.after
