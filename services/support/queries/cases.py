"""Cases as those who answer them see them, and as their parties do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from libs.events.support import CaseKind
from libs.kit.auth import Principal
from services.support.domain import CaseStatus, CaseUnknown, cases
from services.support.tables import CaseRow, RequestRow

NOT_CLOSED: Final[tuple[CaseStatus, ...]] = ("open", "taken")
OPEN: Final = CaseRow.status == "open"


class Waiting(NamedTuple):
    """How many cases of a kind nobody has taken, and how many of those somebody should have."""

    open: int
    overdue: int


async def queue(
    tx: AsyncSession,
    viewer: Principal,
    *,
    status: CaseStatus | None,
    kind: CaseKind | None,
    after: list[Any] | None,
    limit: int,
) -> Sequence[CaseRow]:
    """The cases of one's desks, most urgent first: danger and fears, then refusals, each by when it is due."""
    place = CaseRow.desk, CaseRow.due_at, CaseRow.id
    asked = at_desk(viewer).where(CaseRow.status.in_([status] if status else NOT_CLOSED))
    if kind is not None:
        asked = asked.where(CaseRow.kind == kind)
    if after is not None:
        asked = asked.where(tuple_(*place) > tuple_(*after))
    return (await tx.scalars(asked.order_by(*place).limit(limit))).all()


async def case(tx: AsyncSession, case_id: UUID, viewer: Principal) -> CaseRow:
    """One of one's desks."""
    return _found(await tx.scalar(at_desk(viewer).where(CaseRow.id == case_id)))


async def own_cases(tx: AsyncSession, viewer: Principal, *, after: list[Any] | None, limit: int) -> Sequence[CaseRow]:
    """Those that one is a party of and may see, oldest first."""
    place = CaseRow.opened_at, CaseRow.id
    asked = _with_request().where(_party(viewer))
    if after is not None:
        asked = asked.where(tuple_(*place) > tuple_(*after))
    return (await tx.scalars(asked.order_by(*place).limit(limit))).all()


async def own_case(tx: AsyncSession, case_id: UUID, viewer: Principal) -> CaseRow:
    """One of these."""
    return _found(await tx.scalar(_with_request().where(_party(viewer), CaseRow.id == case_id)))


async def waiting(tx: AsyncSession, *, now: datetime) -> dict[CaseKind, Waiting]:
    """By kind, in all houses that this transaction sees; a kind that nobody waits with is left out."""
    late = func.count().filter(CaseRow.due_at <= now)
    counted = await tx.execute(select(CaseRow.kind, func.count(), late).where(OPEN).group_by(CaseRow.kind))
    return {kind: Waiting(count, overdue) for kind, count, overdue in counted}


def at_desk(viewer: Principal) -> Select[CaseRow]:
    """What one may answer; never a case that one is a party of."""
    return _with_request().where(
        CaseRow.tenant == viewer.tenant,
        CaseRow.desk.in_(cases.desks_of(viewer.roles)),
        CaseRow.specialist_id.is_distinct_from(viewer.id),
        RequestRow.client_id.is_distinct_from(viewer.id),
    )


def _with_request() -> Select[CaseRow]:
    return select(CaseRow).outerjoin(CaseRow.request).options(contains_eager(CaseRow.request))


def _party(viewer: Principal) -> ColumnElement[bool]:
    sides = {"client": RequestRow.client_id, "specialist": CaseRow.specialist_id}
    return or_(
        *(
            and_(one == viewer.id, CaseRow.kind.in_(cases.shown_to(side)), CaseRow.tenant == viewer.tenant)
            for side, one in sides.items()
            if side in viewer.roles
        )
    )


def _found(row: CaseRow | None) -> CaseRow:
    if row is None:
        raise CaseUnknown
    return row
