"""What intake does about what it hears."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import Consumers
from libs.events.chat import FarewellSent, FirstReplySent
from libs.events.support import ExclusionDecided
from services.intake import commands
from services.intake.queries import moment

consumers = Consumers("intake")


@consumers.on(ExclusionDecided)
async def close_what_was_struck(event: ExclusionDecided, tx: AsyncSession) -> None:
    """A request that should never have been is closed for good work too (R4), and costs nobody a wait (D5)."""
    await commands.deactivate_request(tx, event, now=await moment(tx))


@consumers.on(FirstReplySent)
async def hear_answer(event: FirstReplySent, tx: AsyncSession) -> None:
    """A person wrote to the client: the clock of the promise stops at the moment of writing (B1, B11)."""
    await commands.hear_answer(tx, event, now=await moment(tx))


@consumers.on(FarewellSent)
async def hear_farewell(event: FarewellSent, tx: AsyncSession) -> None:
    """The client was told in a farewell's words, which comes before a refusal (R11)."""
    await commands.hear_farewell(tx, event)
