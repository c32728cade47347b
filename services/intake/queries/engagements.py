"""What has become of one specialist's work with one client: the state that purchases, refusals and merges look at."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.errors import Unavailable
from services.intake.domain import (
    Engagement,
    Merge,
    NotAcceptedYet,
    Purchase,
    Refusal,
    Request,
    RequestUnknown,
    Side,
    visible,
)
from services.intake.queries.requests import request_of
from services.intake.tables import MergeRow, PurchaseRow, RefusalRow, RequestRow, SessionRow

_held, _open = SessionRow.outcome == "held", SessionRow.outcome.is_(None)
SESSIONS = select(
    func.count().filter(_held), func.min(SessionRow.outcome_at).filter(_held), func.count().filter(_open),
    func.min(SessionRow.starts_at).filter(_open), func.coalesce(func.max(SessionRow.number), 0),
).where(
    SessionRow.request_id == bindparam("request_id"), SessionRow.specialist_id == bindparam("specialist_id")
)  # fmt: skip
_of_engagement = (
    PurchaseRow.request_id == bindparam("request_id"),
    PurchaseRow.specialist_id == bindparam("specialist_id"),
    PurchaseRow.voided_at.is_(None),
)
PAID = select(func.coalesce(func.max(PurchaseRow.number), 0)).where(*_of_engagement)
# Of two accounts that a merge joined, each sees what concerns it.
PURCHASES = (
    select(PurchaseRow.number, PurchaseRow.said_by, PurchaseRow.at, PurchaseRow.version)
    .where(*_of_engagement, PurchaseRow.number > bindparam("after"))
    .where(or_(PurchaseRow.client_id == bindparam("viewer"), PurchaseRow.specialist_id == bindparam("viewer")))
    .order_by(PurchaseRow.number)
    .limit(bindparam("most"))
)
REFUSED = select(RefusalRow.reason, RefusalRow.at, RefusalRow.honoured).where(
    RefusalRow.request_id == bindparam("request_id"), RefusalRow.specialist_id == bindparam("specialist_id")
)
MERGE = select(
    MergeRow.request_id, MergeRow.specialist_id, MergeRow.into_request_id, MergeRow.version, MergeRow.merged
).where(MergeRow.request_id == bindparam("request_id"), MergeRow.specialist_id == bindparam("specialist_id"))
OTHERS = select(func.count()).where(MergeRow.into_request_id == bindparam("request_id"), MergeRow.merged)
LINKED = select(RequestRow.linked_to).where(RequestRow.id == bindparam("request_id"))


class Standing(NamedTuple):
    """An engagement, the request by which somebody came to it, and which side they are."""

    work: Engagement
    asked: Request
    side: Side


async def standing(tx: AsyncSession, request_id: UUID, person_id: UUID, *, lock: bool = False) -> Standing:
    """Where somebody stands; locked, nothing else is agreed, paid, refused or merged until this transaction ends.

    RequestUnknown for whoever is neither the client nor the winner.
    """
    asked = visible(await request_of(tx, request_id), person_id)
    home = await _home(tx, asked)
    if lock:
        await lock_requests(tx, asked.id, home)
        again = await request_of(tx, request_id)
        if again is None or again.accepted_by != asked.accepted_by or await _home(tx, again) != home:
            raise Unavailable  # It was won, taken back or merged in this very moment.
        asked = again
    request = asked if home == asked.id else await request_of(tx, home)
    if request is None or asked.accepted_by is None:
        raise RequestUnknown
    side: Side = "client" if person_id == asked.client_id else "specialist"
    return Standing(await engagement_of(tx, request, asked.accepted_by), asked, side)


async def engagement_of(tx: AsyncSession, request: Request, specialist_id: UUID) -> Engagement:
    """An engagement with what was held, paid and refused in it."""
    asked = {"request_id": request.id, "specialist_id": specialist_id}
    sessions = (await tx.execute(SESSIONS, asked)).one()
    paid = (await tx.execute(PAID, asked)).scalar_one()
    refused = (await tx.execute(REFUSED, asked)).one_or_none()
    return Engagement(request, specialist_id, *sessions, paid, Refusal(*refused) if refused else None)


async def lock_requests(tx: AsyncSession, *request_ids: UUID) -> None:
    """The older first, so that two who need the same ones never wait for each other."""
    for request_id in sorted(set(request_ids)):
        await request_of(tx, request_id, lock=True)


async def merge_of(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> Merge | None:
    """What was last said of where a request belongs."""
    row = (await tx.execute(MERGE, {"request_id": request_id, "specialist_id": specialist_id})).one_or_none()
    return Merge(*row) if row else None


async def others_merged(tx: AsyncSession, request_id: UUID) -> bool:
    """Whether other requests are part of this one."""
    return bool(await tx.scalar(OTHERS, {"request_id": request_id}))


async def linked_to(tx: AsyncSession, request_id: UUID) -> UUID | None:
    """The earlier request of the same client, as it was found at the submit (D12)."""
    return await tx.scalar(LINKED, {"request_id": request_id})


async def purchases_of(
    tx: AsyncSession, work: Engagement, viewer: UUID, *, after: int, limit: int
) -> Sequence[Purchase]:
    """What was paid, in order, as one of the two sides sees it."""
    asked = {
        "request_id": work.request.id, "specialist_id": work.specialist_id, "viewer": viewer, "after": after,
        "most": limit,
    }  # fmt: skip
    return [Purchase(*row) for row in await tx.execute(PURCHASES, asked)]


async def _home(tx: AsyncSession, asked: Request) -> UUID:
    """The request under which this one counts: itself, unless it was merged into another."""
    if asked.accepted_by is None:
        raise NotAcceptedYet
    merge = await merge_of(tx, asked.id, asked.accepted_by)
    return merge.into_request_id if merge and merge.merged else asked.id
