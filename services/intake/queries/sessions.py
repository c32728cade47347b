"""Sessions, for their rules and for those who agreed them."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.domain import Session
from services.intake.tables import SessionRow

KNOWN = select(
    SessionRow.id, SessionRow.tenant, SessionRow.request_id, SessionRow.specialist_id, SessionRow.number,
    SessionRow.starts_at, SessionRow.outcome, SessionRow.version,
).where(SessionRow.id == bindparam("session_id"))  # fmt: skip
LOCKED = KNOWN.with_for_update()


async def session_of(tx: AsyncSession, session_id: UUID, *, lock: bool = False) -> Session | None:
    """A session for its rules; locked, its versions are told one after the other."""
    row = (await tx.execute(LOCKED if lock else KNOWN, {"session_id": session_id})).one_or_none()
    return Session(*row) if row else None
