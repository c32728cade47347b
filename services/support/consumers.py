"""What support does about what others say."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import Consumers
from libs.events.intake import RequestAccepted
from services.support import commands

consumers = Consumers("support")


@consumers.on(RequestAccepted)
async def remember_engagement(event: RequestAccepted, tx: AsyncSession) -> None:
    """A specialist may ask about requests of their own, and about no others."""
    await commands.remember_engagement(tx, event)
