"""Orders: placed, paid, begun, delivered or cancelled; and where they stand."""

from typing import Any
from uuid import UUID

from fastapi import Request

from libs.events.orders import ServiceKind
from libs.kit.http import Client, Party, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.api.house import resources_of
from services.intake.api.service_kinds import shown as shown_terms
from services.intake.domain.orders import (
    AlreadyDelivered,
    CallNotBooked,
    CallNotYet,
    CancelledTooOften,
    KindNotOffered,
    LinkMissing,
    LinkUnusable,
    NothingToOpen,
    NotPaid,
    NotStarted,
    NudgedTooSoon,
    OneQuestionOnly,
    Order,
    OrderCancelled,
    OrderToYourself,
    OrderUnknown,
    QuestionTooLong,
    Side,
    StagesOpen,
    TermsChanged,
    TooManyQuestions,
    TooManyReports,
    TooManyUnpaid,
    WorkBegan,
    place_key,
)
from services.intake.schemas.orders import DeliveryView, NewDelivery, NewOrder, OrderView, StatusView, WaitView

routes = Router(prefix="/v1", tags=["orders"])


@routes.post(
    "/orders",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        KindNotOffered, TermsChanged, TooManyUnpaid, OneQuestionOnly, TooManyQuestions, QuestionTooLong, OrderToYourself
    ),
)
async def place_order(new: NewOrder, client: Client, tx: Transaction, http: Request) -> OrderView:
    """Order something from a specialist, on terms that you have read (C8)."""
    order = await commands.orders.place_order(
        tx, resources_of(http).sealer, new.specialist_id, new.kind, terms_version=new.terms_version,
        words=new.questions, client_id=client.id, tenant=client.tenant, now=await queries.moment(tx),
    )  # fmt: skip
    return shown(order)


@routes.get("/orders", responses=documented(CursorUnknown))
async def list_orders(caller: Party, tx: Snapshot, paging: Paging) -> Page[OrderView]:
    """Your orders, the newest first."""
    side: Side = "client" if caller.role == "client" else "specialist"
    found = await queries.orders.orders_of(tx, caller.id, side, after=paging.after, most=paging.limit + 1)
    return paging.page(found, key=lambda order: (order.placed_at, order.id), shape=shown)


@routes.get("/queues/{kind}", responses=documented(CursorUnknown))
async def get_queue(kind: ServiceKind, specialist: Specialist, tx: Snapshot, paging: Paging) -> Page[OrderView]:
    """What waits for you, in turn: the urgent first, then by payment."""
    found = await queries.queues.queue_of(tx, specialist.id, kind, after=paging.after, most=paging.limit + 1)
    return paging.page(found, key=place_key, shape=shown)


@routes.get("/orders/{order_id}", responses=documented(OrderUnknown))
async def get_order(order_id: UUID, caller: Party, tx: Snapshot) -> OrderView:
    """An order, for its two sides."""
    return shown(await queries.orders.seen_order(tx, order_id, caller.id))


@routes.get("/orders/{order_id}/status", responses=documented(OrderUnknown))
async def get_order_status(order_id: UUID, caller: Party, tx: Snapshot) -> StatusView:
    """Where it stands in the queue, how long that takes and why, what is included, and what you can do (C13)."""
    found = await queries.queues.order_status(tx, order_id, caller.id, now=await queries.moment(tx))
    return StatusView(
        order=shown(found.order), terms=shown_terms(found.terms), position=found.position,
        wait=WaitView.model_validate(found.wait), may=list(found.may), nudge_at=found.nudge_at,
    )  # fmt: skip


@routes.post("/orders/{order_id}/payment", responses=documented(OrderUnknown, OrderCancelled))
async def confirm_payment(order_id: UUID, caller: Party, tx: Transaction) -> OrderView:
    """It was paid, elsewhere (B18). Either side may say so; whoever says it again changes nothing."""
    return shown(await commands.orders.pay_order(tx, order_id, caller.id, now=await queries.moment(tx)))


@routes.post(
    "/orders/{order_id}/start",
    responses=documented(OrderUnknown, OrderCancelled, NotPaid, AlreadyDelivered, CallNotBooked, CallNotYet),
)
async def start_order(order_id: UUID, specialist: Specialist, tx: Transaction) -> OrderView:
    """You begin: from here on nothing can be added or changed."""
    return shown(await commands.orders.start_order(tx, order_id, specialist.id, now=await queries.moment(tx)))


@routes.post(
    "/orders/{order_id}/delivery",
    dependencies=[Idempotent],
    responses=documented(OrderUnknown, OrderCancelled, NotPaid, NotStarted, LinkMissing, LinkUnusable, StagesOpen),
)
async def deliver_order(
    order_id: UUID, new: NewDelivery, specialist: Specialist, tx: Transaction, http: Request
) -> OrderView:
    """The result is there. Delivering again puts a wrong link right."""
    sealer, now = resources_of(http).sealer, await queries.moment(tx)
    return shown(await commands.orders.deliver_order(tx, sealer, order_id, specialist.id, link=new.link, now=now))


@routes.get("/orders/{order_id}/delivery", responses=documented(OrderUnknown))
async def get_delivery(order_id: UUID, caller: Party, tx: Snapshot, http: Request) -> DeliveryView:
    """Where the result is, for the two sides; no link before it is delivered."""
    order = await queries.orders.seen_order(tx, order_id, caller.id)
    sealed = await queries.orders.link_of(tx, order_id)
    if sealed is None:
        return DeliveryView(link=None)
    return DeliveryView(link=commands.orders.open_link(resources_of(http).sealer, sealed, order.tenant, order_id))


@routes.post(
    "/orders/{order_id}/delivery/report",
    responses=documented(OrderUnknown, NothingToOpen, TooManyReports),
)
async def report_link(order_id: UUID, client: Client, tx: Transaction) -> OrderView:
    """The link does not open: the result is due again (C1)."""
    return shown(await commands.orders.report_link(tx, order_id, client.id, now=await queries.moment(tx)))


@routes.post(
    "/orders/{order_id}/cancellation",
    responses=documented(OrderUnknown, AlreadyDelivered, WorkBegan, CancelledTooOften),
)
async def cancel_order(order_id: UUID, caller: Party, tx: Transaction) -> OrderView:
    """The order is off. What was paid can be taken back a few times only, and not once work began (C8)."""
    return shown(await commands.orders.cancel_order(tx, order_id, caller.id, now=await queries.moment(tx)))


@routes.post(
    "/orders/{order_id}/nudges",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(OrderUnknown, OrderCancelled, NotPaid, AlreadyDelivered, NudgedTooSoon),
)
async def nudge_order(order_id: UUID, client: Client, tx: Transaction) -> OrderView:
    """Ask how it goes: you may and you should. Your place in the queue is safe (C6)."""
    return shown(await commands.orders.nudge_order(tx, order_id, client.id, now=await queries.moment(tx)))


def shown(order: Order) -> OrderView:
    """An order as it goes over HTTP."""
    known: dict[str, Any] = {name: getattr(order, name, True) for name in OrderView.model_fields}
    return OrderView(**known)
