"""What chat does about what others say."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import Consumers
from libs.events.intake import RequestAccepted
from services.chat import commands

consumers = Consumers("chat")


@consumers.on(RequestAccepted)
async def open_conversation(event: RequestAccepted, tx: AsyncSession) -> None:
    """Whoever won the request may talk with its client, and nobody else."""
    await commands.open_conversation(tx, event)
