"""What specialists offer, when they are there for calls, and whom they do not want again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.orders import ServiceKind
from services.intake.domain import RequestUnknown
from services.intake.domain.orders import Price, Slot, Terms
from services.intake.tables import AvoidanceRow, BarRow, RequestRow
from services.intake.tables.orders import HolidaysRow, OrderRow, ServiceTermsRow, SlotRow

_terms = (
    ServiceTermsRow.specialist_id, ServiceTermsRow.kind, ServiceTermsRow.version, ServiceTermsRow.offered,
    ServiceTermsRow.includes, ServiceTermsRow.currency, ServiceTermsRow.price_least, ServiceTermsRow.price_most,
    ServiceTermsRow.wait_least, ServiceTermsRow.wait_most,
)  # fmt: skip
_of_kind = and_(ServiceTermsRow.specialist_id == bindparam("specialist_id"), ServiceTermsRow.kind == bindparam("kind"))
TERMS = select(*_terms).where(_of_kind).order_by(ServiceTermsRow.version.desc()).limit(1)
VERSION = select(*_terms).where(_of_kind, ServiceTermsRow.version == bindparam("terms_version"))
OFFERS = (
    select(*_terms)
    .where(ServiceTermsRow.specialist_id == bindparam("specialist_id"))
    .ext(distinct_on(ServiceTermsRow.kind))
    .order_by(ServiceTermsRow.kind, ServiceTermsRow.version.desc())
)
AVOIDED = select(
    exists().where(
        AvoidanceRow.specialist_id == bindparam("specialist_id"), AvoidanceRow.client_id == bindparam("client_id")
    )
)
_avoidances = (
    select(AvoidanceRow.client_id, AvoidanceRow.since)
    .where(AvoidanceRow.specialist_id == bindparam("specialist_id"))
    .order_by(AvoidanceRow.client_id)
    .limit(bindparam("most"))
)
AVOIDANCES = {False: _avoidances, True: _avoidances.where(AvoidanceRow.client_id > bindparam("after"))}
CALLS = select(
    exists().where(
        OrderRow.specialist_id == bindparam("specialist_id"),
        OrderRow.client_id == bindparam("client_id"),
        OrderRow.kind == "planned_call",
        OrderRow.paid_at.is_not(None),
        OrderRow.started_at.is_(None),
        OrderRow.cancelled_at.is_(None),
    )
)
WON = select(RequestRow.client_id).where(
    RequestRow.id == bindparam("request_id"),
    or_(
        RequestRow.accepted_by == bindparam("specialist_id"),
        exists().where(BarRow.request_id == RequestRow.id, BarRow.specialist_id == bindparam("specialist_id")),
    ),
)
_slot = (SlotRow.id, SlotRow.specialist_id, SlotRow.starts_at, SlotRow.lasts, SlotRow.order_id)
_slots = (
    select(*_slot)
    .where(SlotRow.specialist_id == bindparam("specialist_id"), SlotRow.starts_at >= bindparam("since"))
    .order_by(SlotRow.starts_at, SlotRow.id)
    .limit(bindparam("most"))
)
_behind = tuple_(SlotRow.starts_at, SlotRow.id) > tuple_(bindparam("starts_at"), bindparam("id"))
_free = and_(SlotRow.order_id.is_(None), SlotRow.starts_at <= bindparam("until"))
SLOTS = {False: _slots, True: _slots.where(_behind)}
FREE_SLOTS = {False: _slots.where(_free), True: _slots.where(_free, _behind)}
SLOT = select(*_slot).where(SlotRow.id == bindparam("slot_id"))
OFFERED_SLOTS = select(
    func.count(),
    func.count().filter(
        and_(SlotRow.starts_at < bindparam("ends_at"), SlotRow.starts_at + SlotRow.lasts > bindparam("begins_at"))
    ),
).where(SlotRow.specialist_id == bindparam("specialist_id"), SlotRow.starts_at + SlotRow.lasts > bindparam("now"))
HOLIDAYS = select(HolidaysRow.firsts, HolidaysRow.lasts).where(HolidaysRow.specialist_id == bindparam("specialist_id"))


@dataclass(frozen=True, slots=True)
class Avoided:
    """A client whom a specialist does not want to be matched with again."""

    client_id: UUID
    since: datetime


async def terms_of(tx: AsyncSession, specialist_id: UUID, kind: ServiceKind) -> Terms | None:
    """The terms that bind now, whether offered or not."""
    row = (await tx.execute(TERMS, {"specialist_id": specialist_id, "kind": kind})).one_or_none()
    return _as_terms(row) if row else None


async def terms_version(tx: AsyncSession, specialist_id: UUID, kind: ServiceKind, version: int) -> Terms:
    """The terms as somebody once acknowledged them."""
    asked = {"specialist_id": specialist_id, "kind": kind, "terms_version": version}
    return _as_terms((await tx.execute(VERSION, asked)).one())


async def offers_of(tx: AsyncSession, specialist_id: UUID) -> list[Terms]:
    """What a specialist offers now."""
    found = [_as_terms(row) for row in await tx.execute(OFFERS, {"specialist_id": specialist_id})]
    return [terms for terms in found if terms.offered]


async def avoided(tx: AsyncSession, specialist_id: UUID, client_id: UUID) -> bool:
    """Whether a specialist does not want this client again (C9)."""
    return bool(await tx.scalar(AVOIDED, {"specialist_id": specialist_id, "client_id": client_id}))


async def may_see_slots(tx: AsyncSession, specialist_id: UUID, client_id: UUID) -> bool:
    """Times for calls are there for all whom the specialist wants, and for whoever has a call to book already."""
    asked = {"specialist_id": specialist_id, "client_id": client_id}
    return not await avoided(tx, specialist_id, client_id) or bool(await tx.scalar(CALLS, asked))


async def avoidances_of(
    tx: AsyncSession, specialist_id: UUID, *, after: Sequence[Any] | None, most: int
) -> list[Avoided]:
    """Those whom a specialist does not want again, from behind where a page ended."""
    asked = {"specialist_id": specialist_id, "most": most} | ({"after": after[0]} if after else {})
    return [Avoided(*row) for row in await tx.execute(AVOIDANCES[bool(after)], asked)]


async def client_of(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> UUID:
    """The client of a request that the specialist has, or had before it went on; RequestUnknown to all others."""
    found = await tx.scalar(WON, {"request_id": request_id, "specialist_id": specialist_id})
    if found is None:
        raise RequestUnknown
    return found


async def slots_of(
    tx: AsyncSession, specialist_id: UUID, *, since: datetime, until: datetime | None, after: Sequence[Any] | None,
    most: int,
) -> list[Slot]:  # fmt: skip
    """Times for calls, soonest first; with an end to look to, only those that are free."""
    asked: dict[str, Any] = {"specialist_id": specialist_id, "since": since, "most": most}
    asked |= {"starts_at": after[0], "id": after[1]} if after else {}
    if until is None:
        rows = await tx.execute(SLOTS[bool(after)], asked)
    else:
        rows = await tx.execute(FREE_SLOTS[bool(after)], asked | {"until": until})
    return [Slot(*row) for row in rows]


async def slot_of(tx: AsyncSession, slot_id: UUID) -> Slot | None:
    """One time."""
    row = (await tx.execute(SLOT, {"slot_id": slot_id})).one_or_none()
    return Slot(*row) if row else None


async def offered_slots(
    tx: AsyncSession, specialist_id: UUID, *, begins_at: datetime, ends_at: datetime, now: datetime
) -> tuple[int, int]:
    """How many times to come a specialist has named, and how many of them overlap with this one."""
    asked = {"specialist_id": specialist_id, "begins_at": begins_at, "ends_at": ends_at, "now": now}
    total, overlapping = (await tx.execute(OFFERED_SLOTS, asked)).one()
    return total, overlapping


async def holidays_of(tx: AsyncSession, specialist_id: UUID) -> list[tuple[date, date]]:
    """When a specialist is away, first and last days."""
    row = (await tx.execute(HOLIDAYS, {"specialist_id": specialist_id})).one_or_none()
    return list(zip(row.firsts, row.lasts, strict=True)) if row else []


def _as_terms(row: Any) -> Terms:
    price = Price(row.currency, row.price_least, row.price_most)
    return Terms(
        row.specialist_id, row.kind, row.version, row.offered, frozenset(row.includes), price, row.wait_least,
        row.wait_most,
    )  # fmt: skip
