"""Reads: which helplines a conversation shows."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.helplines import Helpline, helplines_for
from services.chat.tables import HelpNeedRow

NEEDS: Final = select(HelpNeedRow.conversation_id, HelpNeedRow.country, HelpNeedRow.locale).where(
    HelpNeedRow.conversation_id.in_(bindparam("conversations", expanding=True))
)


async def helplines(tx: AsyncSession, conversations: Sequence[UUID]) -> Mapping[UUID, Sequence[Helpline]]:
    """Those of the country of each client who may need them; the lines themselves come with the program."""
    found = await tx.execute(NEEDS, {"conversations": list(conversations)})
    return {row.conversation_id: helplines_for(row.country, row.locale) for row in found}
