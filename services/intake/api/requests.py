"""A client's call for help."""

from uuid import UUID

import structlog
from fastapi import Request

from libs.kit.http import Client, Party, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.api.house import rules_of
from services.intake.domain import PhoneMalformed, PhoneMissing, PhoneUnexpected, RequestUnknown
from services.intake.schemas import ContactView, NewRequest, RequestView

routes = Router(prefix="/v1", tags=["requests"])
log = structlog.get_logger()


@routes.post(
    "/requests",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(PhoneMissing, PhoneUnexpected, PhoneMalformed),
)
async def open_request(new: NewRequest, client: Client, tx: Transaction, http: Request) -> RequestView:
    """Ask for help. Specialists see the category and the time, and nothing of who asks."""
    now, rules = await queries.moment(tx), rules_of(http, client.tenant)
    request_id = await commands.open_request(
        tx, tenant=client.tenant, client_id=client.id, **new.model_dump(), now=now, rules=rules
    )
    return RequestView.model_validate(await queries.seen_request(tx, request_id, client.id))


@routes.get("/requests/{request_id}", responses=documented(RequestUnknown))
async def get_request(request_id: UUID, caller: Party, tx: Snapshot) -> RequestView:
    """A request, for its client and for the specialist who won it."""
    return RequestView.model_validate(await queries.seen_request(tx, request_id, caller.id))


@routes.get("/requests/{request_id}/contact", responses=documented(RequestUnknown))
async def get_contact(request_id: UUID, winner: Specialist, tx: Snapshot) -> ContactView:
    """The phone number of a client who asked to be called, for the winner alone; each look is logged."""
    phone = await queries.contact_of(tx, request_id, winner.id)
    if phone is None:
        raise RequestUnknown
    log.info("contact.revealed", request_id=str(request_id), specialist_id=str(winner.id), tenant=winner.tenant)
    return ContactView(phone=phone)
