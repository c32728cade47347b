"""What was paid, how a specialist ends the work with a client, and requests that were a mistake."""

from typing import Annotated, get_args
from uuid import UUID

from fastapi import Path, Request, Response

from libs.events.intake import RefusalReason
from libs.kit.http import Party, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented, of_domain
from services.intake import commands, domain, queries
from services.intake.domain import (
    DecideAfterSession1,
    EngagementEnded,
    FarewellComesFirst,
    HeldComesFirst,
    LaterOnePaid,
    NextSessionPaid,
    NotAcceptedYet,
    NotLinked,
    NotMerged,
    OthersMergedHere,
    PaidHere,
    PurchaseOutOfOrder,
    RequestClosed,
    RequestUnknown,
    SaidByTheOther,
)
from services.intake.schemas import MergeView, NewPurchase, NewRefusal, PurchaseView, RefusalView, RefusalWindow
from services.intake.schemas.refusals import MOST_SESSIONS

routes = Router(prefix="/v1", tags=["sessions"])
Number = Annotated[int, Path(ge=1, le=MOST_SESSIONS, description="The n-th that was said to be paid.")]


@routes.post(
    "/requests/{request_id}/purchases",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        RequestUnknown, NotAcceptedYet, RequestClosed, EngagementEnded, PurchaseOutOfOrder, HeldComesFirst
    ),
)
async def pay_session(request_id: UUID, new: NewPurchase, caller: Party, tx: Transaction) -> PurchaseView:
    """Say that the n-th session was paid, by whatever way the two of you agreed. Saying it again changes nothing."""
    now = await queries.moment(tx)
    return PurchaseView.model_validate(await commands.pay_session(tx, request_id, caller.id, new.number, now=now))


@routes.get("/requests/{request_id}/purchases", responses=documented(RequestUnknown, NotAcceptedYet, CursorUnknown))
async def list_purchases(request_id: UUID, caller: Party, tx: Snapshot, paging: Paging) -> Page[PurchaseView]:
    """What was paid, and who said so; both sides see it."""
    work = (await queries.standing(tx, request_id, caller.id)).work
    after = paging.after[0] if paging.after else 0
    found = await queries.purchases_of(tx, work, caller.id, after=after, limit=paging.limit + 1)
    return paging.page(found, key=lambda it: (it.number,), shape=PurchaseView.model_validate)


@routes.delete(
    "/requests/{request_id}/purchases/{number}",
    status_code=204,
    responses=documented(RequestUnknown, NotAcceptedYet, LaterOnePaid, SaidByTheOther),
)
async def take_purchase_back(request_id: UUID, number: Number, caller: Party, tx: Transaction) -> None:
    """You said that a session was paid, and it was not. Saying so again changes nothing.

    Figures follow. The work with this client can be ended again if that was what stood against it.
    """
    await commands.take_purchase_back(tx, request_id, caller.id, number, now=await queries.moment(tx))


@routes.get("/requests/{request_id}/refusal", responses=documented(RequestUnknown))
async def get_refusal_window(request_id: UUID, winner: Specialist, tx: Snapshot) -> RefusalWindow:
    """Whether you may end the work with this client now, why not and from when; it costs you nothing."""
    work, _, side = await queries.standing(tx, request_id, winner.id)
    if side != "specialist":
        raise RequestUnknown
    window = domain.refusals.window(work)
    return RefusalWindow(
        open=window.open, since=window.since, shut=window.shut, opens_at=window.opens_at,
        reasons=list(get_args(RefusalReason)), cost="nothing",
    )  # fmt: skip


@routes.post(
    "/requests/{request_id}/refusal",
    status_code=201,
    response_model=RefusalView,
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed, DecideAfterSession1, FarewellComesFirst, NextSessionPaid),
)
async def refuse_client(
    request_id: UUID, new: NewRefusal, winner: Specialist, tx: Transaction, http: Request
) -> RefusalView | Response:
    """End the work with a client, after session 1 and before the next one is paid. Say farewell first."""
    refusal = await commands.refuse_client(
        tx, request_id, winner.id, new.reason, farewell_sent=new.farewell_sent, now=await queries.moment(tx)
    )
    if not refusal.honoured:
        # To be late is an answer, and that it was asked for is kept.
        return of_domain(NextSessionPaid(), http.url.path)
    return RefusalView(request_id=request_id, reason=refusal.reason, at=refusal.at, cost="nothing")


@routes.post(
    "/requests/{request_id}/merge",
    responses=documented(RequestUnknown, NotLinked, RequestClosed, EngagementEnded, PaidHere, OthersMergedHere),
)
async def merge_request(request_id: UUID, winner: Specialist, tx: Transaction) -> MergeView:
    """This request was a mistake: its client is a client of yours already. What you do in it counts in the earlier."""
    return MergeView.model_validate(
        await commands.merge_request(tx, request_id, winner.id, now=await queries.moment(tx))
    )


@routes.delete("/requests/{request_id}/merge", responses=documented(RequestUnknown, NotMerged, EngagementEnded))
async def part_request(request_id: UUID, winner: Specialist, tx: Transaction) -> MergeView:
    """It was no mistake after all: the request counts by itself again, with the sessions that were agreed in it."""
    return MergeView.model_validate(
        await commands.part_request(tx, request_id, winner.id, now=await queries.moment(tx))
    )
