"""What time causes in chat."""

from datetime import datetime, timedelta

from libs.kit.clock import moment
from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.chat import commands


async def forget_tickets(database: Database, _: datetime) -> None:
    """Let go of tickets that nobody used."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.forget_tickets(tx, now=await moment(tx))


jobs = (Job("forget_tickets", timedelta(minutes=1), forget_tickets),)
