"""Not wanting to be matched with a client again: a private matter, of which nobody is told (C9)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.tables import AvoidanceRow

AVOID = upsert(AvoidanceRow).on_conflict_do_nothing()
ALLOW = delete(AvoidanceRow).where(
    AvoidanceRow.specialist_id == bindparam("by"), AvoidanceRow.client_id == bindparam("whom")
)


async def avoid(tx: AsyncSession, specialist_id: UUID, client_id: UUID, *, tenant: str, now: datetime) -> None:
    """Put a client on the specialist's list. What they have together is finished as it was begun."""
    row = {"specialist_id": specialist_id, "client_id": client_id, "tenant": tenant, "since": now}
    await tx.execute(AVOID, row)


async def allow(tx: AsyncSession, specialist_id: UUID, client_id: UUID) -> None:
    """Take a client off the list."""
    await tx.execute(ALLOW, {"by": specialist_id, "whom": client_id})
