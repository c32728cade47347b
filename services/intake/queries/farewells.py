"""Whether chat has told of a farewell."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.tables import FarewellRow

SAID: Final = select(
    exists().where(
        FarewellRow.request_id.in_(bindparam("requests", expanding=True)),
        FarewellRow.specialist_id == bindparam("specialist"),
    )
)


async def said_farewell(tx: AsyncSession, requests: Collection[UUID], specialist_id: UUID) -> bool:
    """Whether a specialist took leave of a client in one of these conversations, in a farewell's words."""
    asked = {"requests": list(requests), "specialist": specialist_id}
    return bool((await tx.execute(SAID, asked)).scalar_one())
