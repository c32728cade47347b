"""What chat tells of farewells."""

from typing import Final

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.chat import FarewellSent
from services.intake.tables import FarewellRow

HEAR: Final = upsert(FarewellRow).on_conflict_do_nothing()


async def hear_farewell(tx: AsyncSession, said: FarewellSent) -> None:
    """The client was told, so that the refusal may be completed (R11); said again, it was said the first time."""
    row = {
        "request_id": said.conversation_id, "specialist_id": said.specialist_id, "tenant": said.tenant, "at": said.at,
    }  # fmt: skip
    await tx.execute(HEAR, row)
