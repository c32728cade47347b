"""What support does about what others say."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import Consumers
from libs.events.intake import (
    ClientRefused,
    DangerSignalled,
    RefusalCameLate,
    RequestAccepted,
    RequestOpened,
    SafetyConcernRaised,
)
from services.support import commands

consumers = Consumers("support")


@consumers.on(RequestOpened)
async def remember_request(event: RequestOpened, tx: AsyncSession) -> None:
    """Who is in danger may not have been answered yet, and is to see that it was heard."""
    await commands.remember_request(tx, event)


@consumers.on(RequestAccepted)
async def remember_engagement(event: RequestAccepted, tx: AsyncSession) -> None:
    """A specialist may ask about requests of their own, and about no others."""
    await commands.remember_engagement(tx, event)


@consumers.on(DangerSignalled)
async def answer_danger(event: DangerSignalled, tx: AsyncSession) -> None:
    """Somebody of the clinical team has to answer (T4)."""
    await commands.open_case(tx, event)


@consumers.on(SafetyConcernRaised)
async def answer_concern(event: SafetyConcernRaised, tx: AsyncSession) -> None:
    """The same when it is the specialist who fears for the client."""
    await commands.open_case(tx, event)


@consumers.on(ClientRefused)
async def take_over_refusal(event: ClientRefused, tx: AsyncSession) -> None:
    """Support talks to the client and offers a way on (R12)."""
    await commands.open_case(tx, event)


@consumers.on(RefusalCameLate)
async def settle_late_refusal(event: RefusalCameLate, tx: AsyncSession) -> None:
    """Support decides whether the work goes on (D11)."""
    await commands.open_case(tx, event)
