"""Joining as a specialist."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import SpecialistJoined
from services.intake.tables import SpecialistRow

JOIN = upsert(SpecialistRow).on_conflict_do_nothing().returning(SpecialistRow.id)


async def join(tx: AsyncSession, specialist_id: UUID, *, tenant: str, now: datetime) -> None:
    """From here on the specialist may take requests; joining again changes nothing."""
    joined = await tx.scalar(JOIN, {"id": specialist_id, "tenant": tenant, "joined_at": now})
    if joined is not None:
        await publish(tx, SpecialistJoined(tenant=tenant, at=now, specialist_id=specialist_id))
