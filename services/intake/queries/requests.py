"""Requests, for their rules and for their two sides; and where a specialist stands."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from sqlalchemy import Row, bindparam, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Category, Kind, Locale, Messenger
from services.intake.domain import Age, Alive, Closed, Former, Helpline, Racer, Request, Side, helplines_for, visible
from services.intake.tables import BarRow, RequestRow, RevealRow, SpecialistRow

KNOWN = select(*(getattr(RequestRow, each.name) for each in fields(Request))).where(
    RequestRow.id == bindparam("request_id")
)
LOCKED = KNOWN.with_for_update()
DUE = (
    select(RequestRow.id, RequestRow.look_at)
    .where(RequestRow.look_at <= bindparam("now"))
    .order_by(RequestRow.look_at, RequestRow.id)
    .limit(bindparam("most"))
)
NEXT_DUE = DUE.where(tuple_(RequestRow.look_at, RequestRow.id) > tuple_(bindparam("since"), bindparam("behind")))
STATE = case(
    (RequestRow.closed_at.is_not(None), "closed"), (RequestRow.accepted_by.is_not(None), "accepted"), else_="open"
)
REVEALED = (
    select(func.max(RevealRow.at)).where(RevealRow.request_id == RequestRow.id).correlate(RequestRow).scalar_subquery()
)
SEEN = (
    RequestRow.id, RequestRow.number, RequestRow.kind, RequestRow.category, RequestRow.locale, RequestRow.one_off,
    RequestRow.age, RequestRow.country, RequestRow.messenger, RequestRow.may_call,
    RequestRow.phone.is_not(None).label("has_phone"),
    RequestRow.opened_at.label("received_at"), RequestRow.promised_until, RequestRow.kept_at, RequestRow.missed_at,
    RequestRow.reply_due, RequestRow.answered_at, RequestRow.round, STATE.label("state"), RequestRow.closed_as,
    RequestRow.closed_at, RequestRow.closes_at, RequestRow.accepted_by, RequestRow.accepted_at, RequestRow.danger_at,
    RequestRow.linked_to, REVEALED.label("phone_shown_at"),
)  # fmt: skip
VIEW = select(*SEEN).where(RequestRow.id == bindparam("request_id"))
MINE = {
    "client": (RequestRow.client_id, RequestRow.opened_at),
    "specialist": (RequestRow.accepted_by, RequestRow.accepted_at),
}
LISTS = {
    side: select(*SEEN)
    .where(who == bindparam("viewer"))
    .order_by(since.desc(), RequestRow.id.desc())
    .limit(bindparam("most"))
    for side, (who, since) in MINE.items()
}
NEXT = {
    side: LISTS[side].where(tuple_(since, RequestRow.id) < tuple_(bindparam("since"), bindparam("id")))
    for side, (_, since) in MINE.items()
}
PHONE = select(RequestRow.phone, RequestRow.may_call, RequestRow.messenger).where(
    RequestRow.id == bindparam("request_id"),
    RequestRow.accepted_by == bindparam("winner_id"),
    RequestRow.closed_at.is_(None),
    RequestRow.phone.is_not(None),
)
ALIVE = (
    select(RequestRow.id, RequestRow.accepted_by)
    .where(RequestRow.tenant == bindparam("tenant"), RequestRow.closed_at.is_(None))
    .where(or_(RequestRow.client_id == bindparam("client_id"), RequestRow.phone_hash == bindparam("phone_hash")))
    .where(RequestRow.opened_at > bindparam("since"))
    .order_by(RequestRow.accepted_by.is_(None), RequestRow.opened_at.desc())
    .limit(1)
)
FORMER = select(BarRow.specialist_id, BarRow.accepted_at, BarRow.rest_until, BarRow.reply_due).where(
    BarRow.request_id == bindparam("request_id"),
    BarRow.specialist_id == bindparam("specialist_id"),
    BarRow.why == "silent",
)
RACER = select(
    SpecialistRow.id, SpecialistRow.ready_at, SpecialistRow.on_duty_until, SpecialistRow.device_id,
    SpecialistRow.unanswered, SpecialistRow.accepts_minors, SpecialistRow.languages, SpecialistRow.joined_at,
).where(SpecialistRow.id == bindparam("specialist_id"))  # fmt: skip

LOCK_SPECIALIST = select(SpecialistRow.id).where(SpecialistRow.id == bindparam("specialist_id")).with_for_update()


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request, as its two sides see it."""

    id: UUID
    number: int
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    age: Age
    country: str | None
    messenger: Messenger | None
    may_call: bool
    has_phone: bool
    received_at: datetime
    promised_until: datetime
    kept_at: datetime | None
    missed_at: datetime | None
    reply_due: datetime | None
    answered_at: datetime | None
    round: int
    state: Literal["open", "accepted", "closed"]
    closed_as: Closed | None
    closed_at: datetime | None
    closes_at: datetime
    accepted_by: UUID | None
    accepted_at: datetime | None
    danger_at: datetime | None
    linked_to: UUID | None
    phone_shown_at: datetime | None

    @classmethod
    def by(cls, viewer: UUID, row: Row[Any]) -> Self:
        """As somebody sees it: who has the request is not told of danger that came after, which may come of them."""
        seen = cls(**row._mapping)  # noqa: SLF001 - a row's public way to be a mapping
        if viewer != seen.accepted_by or seen.accepted_at is None or seen.danger_at is None:
            return seen
        return seen if seen.danger_at < seen.accepted_at else replace(seen, danger_at=None)

    @property
    def helplines(self) -> Sequence[Helpline]:
        """Whom to call meanwhile, where somebody is in danger, young, or left waiting (B17)."""
        shown = self.danger_at is not None or self.age == "minor" or self.missed_at is not None
        return helplines_for(self.country, self.locale) if shown else ()


@dataclass(frozen=True, slots=True)
class SealedContact:
    """How to reach a client, still sealed."""

    phone: bytes
    may_call: bool
    messenger: Messenger | None


async def request_of(tx: AsyncSession, request_id: UUID, *, lock: bool = False) -> Request | None:
    """A request for its rules; locked, nobody else decides on it until this transaction ends."""
    row = (await tx.execute(LOCKED if lock else KNOWN, {"request_id": request_id})).one_or_none()
    return Request(**row._mapping) if row else None  # noqa: SLF001 - a row's public way to be a mapping


async def seen_request(tx: AsyncSession, request_id: UUID, viewer: UUID) -> SeenRequest:
    """A request as its client or winner sees it; RequestUnknown for anyone else."""
    visible(await request_of(tx, request_id), viewer)
    row = (await tx.execute(VIEW, {"request_id": request_id})).one()
    return SeenRequest.by(viewer, row)


async def contact_of(tx: AsyncSession, request_id: UUID, viewer: UUID) -> SealedContact | None:
    """The phone number, for the winner and as long as the request is not closed."""
    row = (await tx.execute(PHONE, {"request_id": request_id, "winner_id": viewer})).one_or_none()
    return SealedContact(**row._mapping) if row else None  # noqa: SLF001 - as above


async def requests_of(
    tx: AsyncSession, viewer: UUID, side: Side, *, most: int, after: Sequence[Any] | None
) -> Sequence[SeenRequest]:
    """A client's own requests, or those that a specialist has won and has; the newest first, from behind `after`."""
    asked: dict[str, Any] = {"viewer": viewer, "most": most}
    if after is None:
        rows = await tx.execute(LISTS[side], asked)
    else:
        rows = await tx.execute(NEXT[side], asked | {"since": after[0], "id": after[1]})
    return [SeenRequest.by(viewer, row) for row in rows]


def place_of(request: SeenRequest, side: Side) -> tuple[datetime | None, UUID]:
    """Where a request stands in that list."""
    return (request.received_at if side == "client" else request.accepted_at), request.id


async def alive(
    tx: AsyncSession, client_id: UUID, phone_hash: bytes | None, *, tenant: str, since: datetime
) -> Alive | None:
    """An earlier request of this client, or of this phone, that has not come to its end; an accepted one first."""
    asked = {"tenant": tenant, "client_id": client_id, "phone_hash": phone_hash, "since": since}
    row = (await tx.execute(ALIVE, asked)).one_or_none()
    return Alive(*row) if row else None


async def due_requests(
    tx: AsyncSession, *, now: datetime, most: int, after: tuple[UUID, datetime] | None = None
) -> list[tuple[UUID, datetime]]:
    """Those in which time causes something by now, and since when; the longest overdue first, or behind `after`."""
    asked: dict[str, Any] = {"now": now, "most": most}
    if after is None:
        rows = await tx.execute(DUE, asked)
    else:
        rows = await tx.execute(NEXT_DUE, asked | {"behind": after[0], "since": after[1]})
    return [(row.id, row.look_at) for row in rows]


async def former_winner(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> Former | None:
    """The acceptance that was ended because nothing was heard of an answer."""
    row = (await tx.execute(FORMER, {"request_id": request_id, "specialist_id": specialist_id})).one_or_none()
    return Former(*row) if row else None


async def racer_of(tx: AsyncSession, specialist_id: UUID) -> Racer | None:
    """The specialist as the race sees them, if they have joined."""
    row = (await tx.execute(RACER, {"specialist_id": specialist_id})).one_or_none()
    return Racer(*row[:6], frozenset(row.languages)) if row else None


async def lock_specialist(tx: AsyncSession, specialist_id: UUID) -> None:
    """Their row, as each of their accepts locks it: nobody else changes it until this transaction ends."""
    await tx.execute(LOCK_SPECIALIST, {"specialist_id": specialist_id})


async def joined_at(tx: AsyncSession, specialist_id: UUID) -> datetime | None:
    """Since when the specialist has taken part."""
    row = (await tx.execute(RACER, {"specialist_id": specialist_id})).one_or_none()
    return row.joined_at if row else None
