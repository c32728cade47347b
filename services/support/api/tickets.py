"""What specialists ask of support, and what support decides, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Query
from starlette.responses import Response

from libs.kit.auth import Principal
from libs.kit.etags import IfMatch, PreconditionMissing, VersionPassed, tag
from libs.kit.http import Now, Router, Snapshot, Specialist, Support, Transaction, roles
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.support import commands, queries
from services.support.domain import (
    AlreadyDecided,
    AlreadyExcluded,
    EvidenceMissing,
    NothingToReinstate,
    OwnTicket,
    RequestNotHeardOf,
    RequestUnknown,
    Status,
    TicketStillOpen,
    TicketUnknown,
)
from services.support.schemas import DECISIONS, Decision, NewDecision, NewTicket, Ticket, TicketSummary

routes = Router(prefix="/v1")
Viewer = Annotated[Principal, Depends(roles("specialist", "support", "supervisor"))]
UNSEEN = (PreconditionMissing, VersionPassed)


@routes.post(
    "/tickets",
    status_code=201,
    tags=["tickets"],
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestNotHeardOf, TicketStillOpen, AlreadyExcluded),
)
async def open_ticket(asked: NewTicket, specialist: Specialist, tx: Transaction, now: Now) -> TicketSummary:
    """Ask for a request of yours to be struck from your record. Asking never lowers anything.

    Support hears of an acceptance a moment after it happened. Until it has, the answer is 409 `request_not_heard_of`:
    send the same request again, with the same key, in a few seconds.
    """
    ticket = await commands.open_ticket(
        tx,
        asked.request_id,
        specialist.id,
        ground=asked.ground,
        explanation=asked.explanation,
        evidence=asked.evidence,
        now=now,
    )
    return TicketSummary.model_validate(ticket)


@routes.get("/tickets", tags=["tickets"], responses=documented(CursorUnknown))
async def list_tickets(
    viewer: Viewer, tx: Snapshot, paging: Paging, status: Annotated[Status | None, Query()] = None
) -> Page[TicketSummary]:
    """Oldest first: the queue of your tenant for support, your own tickets for a specialist."""
    found = await queries.tickets(tx, viewer, status=status, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda row: (row.opened_at, row.id), shape=TicketSummary.model_validate)


@routes.get("/tickets/{ticket_id}", tags=["tickets"], responses=documented(TicketUnknown))
async def show_ticket(ticket_id: UUID, viewer: Viewer, tx: Snapshot, response: Response) -> Ticket:
    """A ticket with its author's words. Its ETag is what a decision has to send in If-Match."""
    ticket = await queries.ticket(tx, ticket_id, viewer)
    tag(response, ticket.version)
    return Ticket.model_validate(ticket)


@routes.post(
    "/tickets/{ticket_id}/decision",
    status_code=201,
    tags=["tickets"],
    dependencies=[Idempotent],
    responses=documented(TicketUnknown, AlreadyExcluded, AlreadyDecided, EvidenceMissing, OwnTicket, *UNSEEN),
)
async def decide_ticket(
    ticket_id: UUID,
    verdict: Annotated[NewDecision, Body(openapi_examples=DECISIONS)],
    agent: Support,
    *,
    if_match: IfMatch = None,
    tx: Transaction,
    now: Now,
) -> Decision:
    """Strike the request from its specialist's record, or leave it there for a reason from the closed list.

    What was denied or put back can be struck later, by the same ticket. Striking settles every other open ticket of the
    same specialist about the same request.
    """
    decision = await commands.decide(tx, ticket_id, verdict.as_verdict(), agent=agent, if_match=if_match, now=now)
    return Decision.model_validate(decision)


@routes.post(
    "/tickets/{ticket_id}/reinstatement",
    status_code=201,
    tags=["tickets"],
    dependencies=[Idempotent],
    responses=documented(TicketUnknown, NothingToReinstate, OwnTicket, *UNSEEN),
)
async def reinstate_request(
    ticket_id: UUID, agent: Support, *, if_match: IfMatch = None, tx: Transaction, now: Now
) -> Decision:
    """Put what this ticket struck back on the record."""
    decision = await commands.reinstate(tx, ticket_id, agent=agent, if_match=if_match, now=now)
    return Decision.model_validate(decision)


@routes.get("/decisions", tags=["decisions"], responses=documented(CursorUnknown))
async def list_decisions(viewer: Viewer, tx: Snapshot, paging: Paging, request_id: UUID) -> Page[Decision]:
    """Every turn that a request took, oldest first; of those about yourself if you are a specialist."""
    found = await queries.decisions(tx, viewer, request_id, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda row: (row.at, row.id), shape=Decision.model_validate)
