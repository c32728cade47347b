"""Work in stages, each on a date that two people agreed (C5)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.http import Client, Party, Router, Snapshot, Specialist, Transaction
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain.orders import (
    AlreadyDelivered,
    NoStages,
    NotPaid,
    OrderCancelled,
    OrderUnknown,
    StageDone,
    StageMoved,
    StageNotAgreed,
    StageOutsideWindow,
    StageUnknown,
    TooManyStages,
)
from services.intake.schemas.orders import NewStage, StagesView, StageView

routes = Router(prefix="/v1", tags=["orders"])
ALWAYS = (OrderUnknown, NoStages, StageUnknown, OrderCancelled, AlreadyDelivered)


@routes.get("/orders/{order_id}/stages", responses=documented(OrderUnknown))
async def list_stages(order_id: UUID, caller: Party, tx: Snapshot) -> StagesView:
    """The stages of an order, in order; there is a bounded number."""
    await queries.orders.seen_order(tx, order_id, caller.id)
    return await _stages(tx, order_id)


@routes.put(
    "/orders/{order_id}/stages/{number}", responses=documented(*ALWAYS, TooManyStages, StageOutsideWindow, StageDone)
)
async def plan_stage(order_id: UUID, number: int, new: NewStage, specialist: Specialist, tx: Transaction) -> StagesView:
    """Propose when a stage is to be, or another date for it, which is agreed anew. The next number adds a stage."""
    now = await queries.moment(tx)
    await commands.orders.plan_stage(tx, order_id, number, specialist.id, on=new.on, now=now)
    return await _stages(tx, order_id)


@routes.post("/orders/{order_id}/stages/{number}/agreement", responses=documented(*ALWAYS, StageMoved))
async def agree_stage(order_id: UUID, number: int, seen: NewStage, client: Client, tx: Transaction) -> StagesView:
    """Agree to the date that you have seen."""
    now = await queries.moment(tx)
    await commands.orders.agree_stage(tx, order_id, number, client.id, on=seen.on, now=now)
    return await _stages(tx, order_id)


@routes.post("/orders/{order_id}/stages/{number}/completion", responses=documented(*ALWAYS, StageNotAgreed, NotPaid))
async def complete_stage(order_id: UUID, number: int, specialist: Specialist, tx: Transaction) -> StagesView:
    """A stage that was agreed is done."""
    now = await queries.moment(tx)
    await commands.orders.complete_stage(tx, order_id, number, specialist.id, now=now)
    return await _stages(tx, order_id)


async def _stages(tx: AsyncSession, order_id: UUID) -> StagesView:
    return StagesView(stages=[StageView.model_validate(each) for each in await queries.orders.stages_of(tx, order_id)])
