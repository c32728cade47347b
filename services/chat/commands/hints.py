"""What a change that nobody asked an instance for tells them all: they hear it in api/wires.py."""

import json
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

CHANNEL: Final = "chat"
TELL: Final = text("SELECT pg_notify(:channel, :told)")


async def hint(tx: AsyncSession, conversation_id: UUID, frame: dict[str, Any]) -> None:
    """In the transaction that changes something, once it is committed; for what is rare, since such commits queue."""
    told = json.dumps(["", [[str(conversation_id), frame]]])
    await tx.execute(TELL, {"channel": CHANNEL, "told": told})
