"""Requests, for their rules and for their two sides; and where a specialist stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import DateTime, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.clock import simulated
from libs.events.intake import Category, Kind, Locale
from services.intake.domain import Request, visible
from services.intake.tables import RequestRow, SpecialistRow

MOMENT = select(func.coalesce(bindparam("simulated", type_=DateTime(timezone=True)), func.clock_timestamp()))
KNOWN = select(
    RequestRow.id, RequestRow.tenant, RequestRow.client_id, RequestRow.kind, RequestRow.one_off, RequestRow.opened_at,
    RequestRow.reply_due, RequestRow.accepted_by, RequestRow.accepted_at, RequestRow.rest_until,
    RequestRow.deactivated_at,
).where(RequestRow.id == bindparam("request_id"))  # fmt: skip
LOCKED = KNOWN.with_for_update()
STATE = case(
    (RequestRow.deactivated_at.is_not(None), "closed"), (RequestRow.accepted_by.is_not(None), "accepted"), else_="open"
)
VIEW = select(
    RequestRow.id, RequestRow.number, RequestRow.kind, RequestRow.category, RequestRow.locale, RequestRow.one_off,
    RequestRow.opened_at.label("received_at"), RequestRow.reply_due, STATE.label("state"), RequestRow.accepted_by,
    RequestRow.accepted_at,
).where(RequestRow.id == bindparam("request_id"))  # fmt: skip
PHONE = select(RequestRow.phone).where(
    RequestRow.id == bindparam("request_id"),
    RequestRow.accepted_by == bindparam("winner_id"),
    RequestRow.deactivated_at.is_(None),
)
STANDING = select(SpecialistRow.id, SpecialistRow.joined_at, SpecialistRow.ready_at).where(
    SpecialistRow.id == bindparam("specialist_id")
)


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request, as its two sides see it."""

    id: UUID
    number: int
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    received_at: datetime
    reply_due: datetime
    state: Literal["open", "accepted", "closed"]
    accepted_by: UUID | None
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A specialist, as the race sees them."""

    id: UUID
    joined_at: datetime
    ready_at: datetime | None


async def moment(tx: AsyncSession) -> datetime:
    """The database's clock judges: it is one, and the instances' clocks are many."""
    return (await tx.execute(MOMENT, {"simulated": simulated.get()})).scalar_one()


async def request_of(tx: AsyncSession, request_id: UUID, *, lock: bool = False) -> Request | None:
    """A request for its rules; locked, nobody else decides on it until this transaction ends."""
    row = (await tx.execute(LOCKED if lock else KNOWN, {"request_id": request_id})).one_or_none()
    return Request(*row) if row else None


async def seen_request(tx: AsyncSession, request_id: UUID, viewer: UUID) -> SeenRequest:
    """A request as its client or winner sees it; RequestUnknown for anyone else."""
    visible(await request_of(tx, request_id), viewer)
    return SeenRequest(*(await tx.execute(VIEW, {"request_id": request_id})).one())


async def contact_of(tx: AsyncSession, request_id: UUID, viewer: UUID) -> str | None:
    """The phone number, for the winner and as long as the request is not closed."""
    return await tx.scalar(PHONE, {"request_id": request_id, "winner_id": viewer})


async def standing(tx: AsyncSession, specialist_id: UUID) -> Standing | None:
    """The specialist, if they have joined."""
    row = (await tx.execute(STANDING, {"specialist_id": specialist_id})).one_or_none()
    return Standing(*row) if row else None
