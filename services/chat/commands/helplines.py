"""Showing helplines in a conversation."""

from typing import Final

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import ClientReferred, DangerSignalled, RequestReleased
from services.chat.commands.hints import hint
from services.chat.domain.helplines import calls_for_help
from services.chat.tables import HelpNeedRow

NEED: Final = upsert(HelpNeedRow).on_conflict_do_nothing().returning(HelpNeedRow.conversation_id)


async def show_helplines(tx: AsyncSession, said: ClientReferred | DangerSignalled | RequestReleased) -> None:
    """From now on the client is shown who else can help; it stays, and is told to open screens once.

    The other side is not: who signals danger may fear just them.
    """
    if not calls_for_help(said):
        return
    row = {
        "conversation_id": said.request_id, "tenant": said.tenant, "country": said.country, "locale": said.locale,
        "at": said.at,
    }  # fmt: skip
    if (await tx.execute(NEED, row)).one_or_none() is not None:
        await hint(tx, said.request_id, {"type": "helplines", "to": "client"})
