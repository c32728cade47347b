"""A client's call for help."""

from uuid import UUID

from fastapi import Request

from libs.kit.http import Client, Party, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.phones import PhoneMalformed
from libs.kit.problems import documented
from services.intake import commands, domain, queries
from services.intake.api.house import resources_of
from services.intake.commands import Call
from services.intake.domain import DirectToYourself, PhoneMissing, RequestUnknown, Side
from services.intake.schemas import ContactView, NewRequest, RequestView

routes = Router(prefix="/v1", tags=["requests"])


@routes.post(
    "/requests",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(PhoneMissing, PhoneMalformed, DirectToYourself),
)
async def open_request(new: NewRequest, client: Client, tx: Transaction, http: Request) -> RequestView:
    """Ask for help. Specialists see the category and the time, and nothing of who asks."""
    request_id, now = commands.new_id(), await queries.moment(tx)
    number = domain.contact(new.kind, new.phone)
    phone = commands.seal_phone(resources_of(http).sealer, number, request_id, client.tenant)
    call = Call(**new.model_dump(exclude={"phone"}))
    await commands.open_request(
        tx, call, phone, request_id=request_id, tenant=client.tenant, client_id=client.id, now=now
    )
    return RequestView.model_validate(await queries.seen_request(tx, request_id, client.id))


@routes.get("/requests", responses=documented(CursorUnknown))
async def list_requests(caller: Party, tx: Snapshot, paging: Paging) -> Page[RequestView]:
    """Your own requests as a client, or those you have won as a specialist; the newest first."""
    side: Side = "client" if caller.role == "client" else "specialist"
    found = await queries.requests_of(tx, caller.id, side, most=paging.limit + 1, after=paging.after)
    return paging.page(found, key=lambda each: queries.place_of(each, side), shape=RequestView.model_validate)


@routes.get("/requests/{request_id}", responses=documented(RequestUnknown))
async def get_request(request_id: UUID, caller: Party, tx: Snapshot) -> RequestView:
    """A request, for its client and for the specialist who won it: who answers until when, and whether it was kept."""
    return RequestView.model_validate(await queries.seen_request(tx, request_id, caller.id))


@routes.get("/requests/{request_id}/contact", responses=documented(RequestUnknown))
async def get_contact(request_id: UUID, winner: Specialist, tx: Transaction, http: Request) -> ContactView:
    """The phone number of a client who left one, for the winner alone. The client sees each look."""
    sealer, now = resources_of(http).sealer, await queries.moment(tx)
    shown = await commands.reveal_contact(tx, sealer, request_id, winner.id, tenant=winner.tenant, now=now)
    return ContactView.model_validate(shown)
