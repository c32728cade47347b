"""A specialist's private list of clients not to be matched with again; those on it are never told (C9)."""

from uuid import UUID

from libs.kit.http import Router, Snapshot, Specialist, Transaction
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain import RequestUnknown
from services.intake.domain.orders import OrderUnknown, of_specialist
from services.intake.schemas.offers import AvoidanceView

routes = Router(prefix="/v1", tags=["orders"])


@routes.get("/avoidances", responses=documented(CursorUnknown))
async def list_avoidances(specialist: Specialist, tx: Snapshot, paging: Paging) -> Page[AvoidanceView]:
    """Whom you do not want to be matched with again."""
    found = await queries.offers.avoidances_of(tx, specialist.id, after=paging.after, most=paging.limit + 1)
    return paging.page(found, key=lambda each: (each.client_id,), shape=AvoidanceView.model_validate)


@routes.put("/requests/{request_id}/avoidance", status_code=204, responses=documented(RequestUnknown))
async def avoid_client_of_request(request_id: UUID, specialist: Specialist, tx: Transaction) -> None:
    """Not this client again. What you have together goes on, and nobody is told."""
    client_id = await queries.offers.client_of(tx, request_id, specialist.id)
    now = await queries.moment(tx)
    await commands.orders.avoid(tx, specialist.id, client_id, tenant=specialist.tenant, now=now)


@routes.delete("/requests/{request_id}/avoidance", status_code=204, responses=documented(RequestUnknown))
async def allow_client_of_request(request_id: UUID, specialist: Specialist, tx: Transaction) -> None:
    """This client may come again."""
    client_id = await queries.offers.client_of(tx, request_id, specialist.id)
    await commands.orders.allow(tx, specialist.id, client_id)


@routes.put("/orders/{order_id}/avoidance", status_code=204, responses=documented(OrderUnknown))
async def avoid_client_of_order(order_id: UUID, specialist: Specialist, tx: Transaction) -> None:
    """Not this client again. This order goes on, and nobody is told."""
    order = of_specialist(await queries.orders.order_of(tx, order_id), specialist.id)
    now = await queries.moment(tx)
    await commands.orders.avoid(tx, specialist.id, order.client_id, tenant=specialist.tenant, now=now)


@routes.delete("/orders/{order_id}/avoidance", status_code=204, responses=documented(OrderUnknown))
async def allow_client_of_order(order_id: UUID, specialist: Specialist, tx: Transaction) -> None:
    """This client may come again."""
    order = of_specialist(await queries.orders.order_of(tx, order_id), specialist.id)
    await commands.orders.allow(tx, specialist.id, order.client_id)
