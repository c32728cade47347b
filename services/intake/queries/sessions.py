"""Sessions, for their rules and for those who agreed them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain import Session, SessionUnknown, side_of, visible
from services.intake.queries.requests import request_of
from services.intake.tables import SessionRow

COLUMNS = tuple(getattr(SessionRow, each.name) for each in fields(Session))
KNOWN = select(*COLUMNS).where(SessionRow.id == bindparam("session_id"))
LOCKED = KNOWN.with_for_update()
COUNTED = (
    select(*COLUMNS)
    .where(SessionRow.request_id == bindparam("request_id"), SessionRow.specialist_id == bindparam("specialist_id"))
    .order_by(SessionRow.number)
    .with_for_update()
)
SEEN = (
    select(*COLUMNS, SessionRow.booked_at)
    .where(or_(*(each == bindparam("request_id") for each in (SessionRow.request_id, SessionRow.booked_under))))
    .where(or_(*(each == bindparam("viewer") for each in (SessionRow.client_id, SessionRow.specialist_id))))
    .order_by(SessionRow.booked_at, SessionRow.id)
    .limit(bindparam("most"))
)
NEXT = SEEN.where(tuple_(SessionRow.booked_at, SessionRow.id) > tuple_(bindparam("booked_at"), bindparam("after")))


class Listed(NamedTuple):
    """A session in a list, which goes by the booking: that does not move."""

    session: Session
    booked_at: datetime


async def session_of(tx: AsyncSession, session_id: UUID, *, lock: bool = False) -> Session | None:
    """A session for its rules; locked, its versions are told one after the other."""
    row = (await tx.execute(LOCKED if lock else KNOWN, {"session_id": session_id})).one_or_none()
    return Session(*row) if row else None


async def seen_session(tx: AsyncSession, session_id: UUID, viewer: UUID) -> Session:
    """A session as one of its two sides sees it; SessionUnknown for anyone else."""
    session = await session_of(tx, session_id)
    if session is None:
        raise SessionUnknown
    side_of(session, viewer)
    return session


async def sessions_of(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> list[Session]:
    """All sessions that count under an engagement, by number and locked."""
    asked = {"request_id": request_id, "specialist_id": specialist_id}
    return [Session(*row) for row in await tx.execute(COUNTED, asked)]


async def seen_sessions(
    tx: AsyncSession, request_id: UUID, viewer: UUID, *, after: list[Any] | None, limit: int
) -> Sequence[Listed]:
    """The viewer's sessions of a request, in the order of booking; after a merge each side still finds its own."""
    asked = {"request_id": request_id, "viewer": viewer, "most": limit}
    if after is None:
        rows = (await tx.execute(SEEN, asked)).all()
    else:
        rows = (await tx.execute(NEXT, asked | {"booked_at": after[0], "after": after[1]})).all()
    if not rows:
        visible(await request_of(tx, request_id), viewer)
    return [Listed(Session(*row[:-1]), row.booked_at) for row in rows]
