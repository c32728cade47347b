"""What months made of specialists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.stats.tables import StatusRow


async def statuses(tx: AsyncSession, specialist_id: UUID) -> Sequence[StatusRow]:
    """The last three years of a specialist, the latest month first."""
    asked = select(StatusRow).where(StatusRow.specialist_id == specialist_id).order_by(StatusRow.month.desc())
    return (await tx.scalars(asked.limit(36))).all()
