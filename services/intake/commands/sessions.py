"""Booking sessions and telling how they went."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from services.intake import domain
from services.intake.domain import Outcome
from services.intake.queries import request_of, session_of
from services.intake.tables import SessionRow

NEXT_NUMBER = select(func.count() + 1).where(SessionRow.request_id == bindparam("request_id"))
BOOK = insert(SessionRow)
TELL = (
    update(SessionRow)
    .where(SessionRow.id == bindparam("session_id"))
    .values(outcome=bindparam("told"), version=bindparam("as_version"))
)


async def book_session(
    tx: AsyncSession, request_id: UUID, specialist_id: UUID, *, starts_at: datetime, now: datetime
) -> UUID:
    """Agree the next session of an engagement; the request's lock hands out the numbers."""
    request = await request_of(tx, request_id, lock=True)
    number = await tx.scalar(NEXT_NUMBER, {"request_id": request_id}) or 1
    booked = domain.book(uuid7(), request, specialist_id, starts_at=starts_at, number=number, now=now)
    row = {
        "id": booked.session_id, "tenant": booked.tenant, "request_id": request_id, "specialist_id": specialist_id,
        "number": number, "starts_at": starts_at, "booked_at": now,
    }  # fmt: skip
    await tx.execute(BOOK, row)
    await publish(tx, booked)
    return booked.session_id


async def tell_outcome(
    tx: AsyncSession, session_id: UUID, specialist_id: UUID, outcome: Outcome, *, now: datetime
) -> None:
    """Record whether a session took place, as the next version of what is known."""
    told = domain.settle(await session_of(tx, session_id, lock=True), specialist_id, outcome, now=now)
    if told is not None:
        await tx.execute(TELL, {"session_id": session_id, "told": outcome, "as_version": told.version})
        await publish(tx, told)
