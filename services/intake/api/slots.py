"""Exact times for calls (C3)."""

from datetime import timedelta
from uuid import UUID

from libs.kit.http import Client, Party, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.api.orders import shown as shown_order
from services.intake.domain.orders import (
    NoCall,
    NotPaid,
    OrderCancelled,
    OrderUnknown,
    OutsideWindow,
    Slot,
    SlotOverlaps,
    SlotTaken,
    SlotUnknown,
    TooManyChanges,
    TooManySlots,
    WorkBegan,
)
from services.intake.schemas.offers import NewSlot, SlotView
from services.intake.schemas.orders import NewBooking, OrderView

routes = Router(prefix="/v1", tags=["orders"])
A_MINUTE = timedelta(minutes=1)


@routes.post(
    "/slots",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(OutsideWindow, SlotOverlaps, TooManySlots),
)
async def offer_slot(new: NewSlot, specialist: Specialist, tx: Transaction) -> SlotView:
    """Keep a time for a call, one to three weeks from now."""
    slot = await commands.orders.offer_slot(
        tx, specialist.id, starts_at=new.starts_at, lasts=new.minutes * A_MINUTE, tenant=specialist.tenant,
        now=await queries.moment(tx),
    )  # fmt: skip
    return shown(slot)


@routes.get("/slots", responses=documented(CursorUnknown))
async def list_slots(specialist_id: UUID, caller: Party, tx: Snapshot, paging: Paging) -> Page[SlotView]:
    """Times that can be booked now, soonest first; of your own, all that are to come."""
    now, most = await queries.moment(tx), paging.limit + 1
    if caller.id == specialist_id:
        found = await queries.offers.slots_of(tx, specialist_id, since=now, until=None, after=paging.after, most=most)
    elif not await queries.offers.may_see_slots(tx, specialist_id, caller.id):
        found = []
    else:
        rules = (await queries.rules_of(tx, caller.tenant)).orders
        found = await queries.offers.slots_of(
            tx, specialist_id, since=now + rules.call_ahead_least, until=now + rules.call_ahead_most,
            after=paging.after, most=most,
        )  # fmt: skip
    return paging.page(found, key=lambda slot: (slot.starts_at, slot.id), shape=shown)


@routes.delete("/slots/{slot_id}", status_code=204, responses=documented(SlotUnknown, SlotTaken))
async def withdraw_slot(slot_id: UUID, specialist: Specialist, tx: Transaction) -> None:
    """Do not offer a time any more. What somebody has booked stays."""
    await commands.orders.withdraw_slot(tx, slot_id, specialist.id)


@routes.post(
    "/orders/{order_id}/slot",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        OrderUnknown, OrderCancelled, NoCall, NotPaid, WorkBegan, SlotUnknown, SlotTaken, OutsideWindow, TooManyChanges
    ),
)
async def book_slot(order_id: UUID, new: NewBooking, client: Client, tx: Transaction) -> OrderView:
    """Book the time of your call. Another one instead is a change of the order, of which there are a few (C8)."""
    now = await queries.moment(tx)
    return shown_order(await commands.orders.book_slot(tx, order_id, new.slot_id, client.id, now=now))


def shown(slot: Slot) -> SlotView:
    """A time as it goes over HTTP; who booked it is nobody's business."""
    return SlotView(id=slot.id, starts_at=slot.starts_at, minutes=slot.lasts // A_MINUTE, free=slot.order_id is None)
