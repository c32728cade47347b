"""What chat does about what others say."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import Consumers
from libs.events.intake import (
    ClientReferred,
    DangerSignalled,
    RequestAccepted,
    RequestDeactivated,
    RequestReleased,
    RequestWithdrawn,
    SessionHeld,
    SessionVoided,
)
from libs.events.partners import ReviewChanged, ReviewLeft
from services.chat import commands

consumers = Consumers("chat")


@consumers.on(RequestAccepted)
async def open_conversation(event: RequestAccepted, tx: AsyncSession) -> None:
    """Whoever won the request may talk with its client, and nobody else."""
    await commands.open_conversation(tx, event)


@consumers.on(RequestReleased)
async def release_conversation(event: RequestReleased, tx: AsyncSession) -> None:
    """Whoever no longer has the request no longer talks with its client; a minor who is handed over gets helplines."""
    await commands.release_conversation(tx, event)
    await commands.show_helplines(tx, event)


@consumers.on(DangerSignalled)
async def show_helplines(event: DangerSignalled, tx: AsyncSession) -> None:
    """Whoever is in danger is shown who else can help, in the conversation as well."""
    await commands.show_helplines(tx, event)


@consumers.on(ClientReferred)
async def show_helplines_to_referred(event: ClientReferred, tx: AsyncSession) -> None:
    """Whoever is sent to a crisis team need not wait for it."""
    await commands.show_helplines(tx, event)


@consumers.on(RequestWithdrawn)
async def withdraw_conversation(event: RequestWithdrawn, tx: AsyncSession) -> None:
    """A talk belongs to its two people, unless the client takes the request back: then it is the client's alone."""
    await commands.release_conversation(tx, event)


@consumers.on(RequestDeactivated)
async def end_struck_conversation(event: RequestDeactivated, tx: AsyncSession) -> None:
    """What support struck from the record is nothing to go on writing about."""
    await commands.end_struck_conversation(tx, event)


@consumers.on(SessionHeld)
async def allow_contacts(event: SessionHeld, tx: AsyncSession) -> None:
    """Who have met may say how to reach them elsewhere, where the house has it so (D3)."""
    await commands.hear_session(tx, event)


@consumers.on(SessionVoided)
async def take_contacts_back(event: SessionVoided, tx: AsyncSession) -> None:
    """A session that was not held allows nothing."""
    await commands.hear_session(tx, event)


@consumers.on(ReviewLeft)
async def know_review(event: ReviewLeft, tx: AsyncSession) -> None:
    """Whom a review is about may talk with its author."""
    await commands.hear_review(tx, event)


@consumers.on(ReviewChanged)
async def know_changed_review(event: ReviewChanged, tx: AsyncSession) -> None:
    """The author changed their mind; the greater version is the truth."""
    await commands.hear_review(tx, event)
