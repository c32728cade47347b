"""What specialists may see of their own tickets, and support of its tenant's."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from libs.kit.auth import Principal
from services.support.domain import Status, TicketUnknown
from services.support.tables import DecisionRow, TicketRow


async def tickets(
    tx: AsyncSession, viewer: Principal, *, status: Status | None, after: list[Any] | None, limit: int
) -> Sequence[TicketRow]:
    """The queue of support, or the tickets of a specialist; who has waited longest comes first."""
    asked = _tickets(viewer).order_by(TicketRow.opened_at, TicketRow.id).limit(limit)
    if status is not None:
        asked = asked.where(TicketRow.status == status)
    if after is not None:
        asked = asked.where(tuple_(TicketRow.opened_at, TicketRow.id) > tuple_(*after))
    return (await tx.scalars(asked)).all()


async def ticket(tx: AsyncSession, ticket_id: UUID, viewer: Principal) -> TicketRow:
    """One of these."""
    found = await tx.scalar(_tickets(viewer).where(TicketRow.id == ticket_id))
    if found is None:
        raise TicketUnknown
    return found


async def decisions(
    tx: AsyncSession, viewer: Principal, request_id: UUID, *, after: list[Any] | None, limit: int
) -> Sequence[DecisionRow]:
    """What was decided about a request, in every turn it took."""
    asked = select(DecisionRow).where(_visible(DecisionRow, viewer), DecisionRow.request_id == request_id)
    if after is not None:
        asked = asked.where(tuple_(DecisionRow.at, DecisionRow.id) > tuple_(*after))
    return (await tx.scalars(asked.order_by(DecisionRow.at, DecisionRow.id).limit(limit))).all()


def _tickets(viewer: Principal) -> Select[TicketRow]:
    whole = joinedload(TicketRow.engagement, innerjoin=True)
    return select(TicketRow).where(_visible(TicketRow, viewer)).options(whole)


def _visible(rows: type[TicketRow | DecisionRow], viewer: Principal) -> ColumnElement[bool]:
    """The tenant's for support, one's own for a specialist, nothing for anybody else."""
    if viewer.roles & {"support", "supervisor"}:
        return rows.tenant == viewer.tenant
    return rows.specialist_id == viewer.id if "specialist" in viewer.roles else false()
