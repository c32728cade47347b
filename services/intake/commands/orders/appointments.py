"""Times: of calls, which two clients may want at once, and of stages, which two people agree."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from services.intake.commands.orders.turning import RELEASE_SLOT, write_turn
from services.intake.domain import orders as domain
from services.intake.domain.orders import (
    Order,
    Slot,
    SlotOverlaps,
    SlotTaken,
    SlotUnknown,
    Stage,
    TooManySlots,
    of_client,
    of_specialist,
)
from services.intake.domain.orders.stages import StageTurn
from services.intake.queries.offers import offered_slots, slot_of
from services.intake.queries.orders import order_of, seen_order, stages_of
from services.intake.queries.policies import rules_of
from services.intake.tables.orders import OrderStageRow, SlotRow

ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended("
    "concat_ws(' ', 'slots of', CAST(:tenant AS text), CAST(:specialist AS text)), 0))"
)
OFFER_SLOT = insert(SlotRow)
WITHDRAW_SLOT = (
    delete(SlotRow)
    .where(SlotRow.id == bindparam("slot_id"), SlotRow.specialist_id == bindparam("by"), SlotRow.order_id.is_(None))
    .returning(SlotRow.id)
)
FORGET_SLOTS = delete(SlotRow).where(SlotRow.order_id.is_(None), SlotRow.starts_at < bindparam("now"))
TAKE_SLOT = (
    update(SlotRow)
    .where(SlotRow.id == bindparam("slot_id"), SlotRow.order_id.is_(None))
    .values(order_id=bindparam("for_order"))
    .returning(SlotRow.id)
)
_stage = upsert(OrderStageRow)
KEEP_STAGE = _stage.on_conflict_do_update(
    index_elements=["order_id", "number"],
    set_={name: _stage.excluded[name] for name in ("on", "agreed_at", "done_at")},
)


async def offer_slot(
    tx: AsyncSession, specialist_id: UUID, *, starts_at: datetime, lasts: timedelta, tenant: str, now: datetime
) -> Slot:
    """A specialist keeps a time for a call; two of theirs that overlap are not both kept, even if named at once."""
    rules = (await rules_of(tx, tenant)).orders
    domain.slots.within_window(starts_at, now=now, rules=rules)
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant, "specialist": str(specialist_id)})
    total, overlapping = await offered_slots(tx, specialist_id, begins_at=starts_at, ends_at=starts_at + lasts, now=now)
    if overlapping:
        raise SlotOverlaps
    if total >= rules.slots_at_most:
        raise TooManySlots
    slot = Slot(uuid7(), specialist_id, starts_at, lasts)
    row = {"id": slot.id, "tenant": tenant, "specialist_id": specialist_id, "starts_at": starts_at, "lasts": lasts}
    await tx.execute(OFFER_SLOT, row)
    return slot


async def withdraw_slot(tx: AsyncSession, slot_id: UUID, specialist_id: UUID) -> None:
    """A time is not offered any more, unless somebody has it already."""
    if await tx.scalar(WITHDRAW_SLOT, {"slot_id": slot_id, "by": specialist_id}) is not None:
        return
    slot = await slot_of(tx, slot_id)
    raise SlotTaken if slot is not None and slot.specialist_id == specialist_id else SlotUnknown


async def forget_slots(tx: AsyncSession, *, now: datetime) -> None:
    """Let go of times that passed and that nobody had taken."""
    await tx.execute(FORGET_SLOTS, {"now": now})


async def book_slot(tx: AsyncSession, order_id: UUID, slot_id: UUID, person: UUID, *, now: datetime) -> Order:
    """Take a time for a call, and let go of the one before: the time's own row is the referee."""
    order = of_client(await order_of(tx, order_id, lock=True), person)
    rules = (await rules_of(tx, order.tenant)).orders
    slot = await slot_of(tx, slot_id)
    turn = domain.slots.book(order, slot, now=now, rules=rules)
    if slot is not None and slot.order_id == order_id:
        return order
    await tx.execute(RELEASE_SLOT, {"of_order": order_id})
    if await tx.scalar(TAKE_SLOT, {"slot_id": slot_id, "for_order": order_id}) is None:
        raise SlotTaken
    await write_turn(tx, order, turn)
    return turn.after


async def plan_stage(
    tx: AsyncSession, order_id: UUID, number: int, person: UUID, *, on: datetime, now: datetime
) -> None:
    """The specialist names a date for a stage."""
    order = of_specialist(await order_of(tx, order_id, lock=True), person)
    rules = (await rules_of(tx, order.tenant)).orders
    stages = await stages_of(tx, order_id)
    await _keep(tx, order, domain.stages.plan(order, stages, number, on=on, now=now, rules=rules))


async def agree_stage(
    tx: AsyncSession, order_id: UUID, number: int, person: UUID, *, on: datetime, now: datetime
) -> None:
    """The client agrees to the date that was seen."""
    of_client(await seen_order(tx, order_id, person), person)
    await _turn_stage(tx, order_id, lambda it, stages: domain.stages.agree(it, stages, number, on=on, now=now))


async def complete_stage(tx: AsyncSession, order_id: UUID, number: int, person: UUID, *, now: datetime) -> None:
    """The specialist is done with a stage."""
    of_specialist(await seen_order(tx, order_id, person), person)
    await _turn_stage(tx, order_id, lambda it, stages: domain.stages.complete(it, stages, number, now=now))


async def _turn_stage(tx: AsyncSession, order_id: UUID, becomes: Callable[[Order, Sequence[Stage]], StageTurn]) -> None:
    order = await order_of(tx, order_id, lock=True)
    stage, said = becomes(order, await stages_of(tx, order_id))
    if said is not None:
        await _keep(tx, order, stage)
        await publish(tx, said)


async def _keep(tx: AsyncSession, order: Order, stage: Stage) -> None:
    row = {
        "order_id": order.id, "number": stage.number, "tenant": order.tenant, "on": stage.on,
        "agreed_at": stage.agreed_at, "done_at": stage.done_at,
    }  # fmt: skip
    await tx.execute(KEEP_STAGE, row)
