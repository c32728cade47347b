"""What time causes."""

from datetime import datetime, timedelta

from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.intake import commands
from services.intake.queries import moment


async def tidy_feed(database: Database, _: datetime) -> None:
    """Forget what nobody can resume from any more, and tickets that have expired."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tidy_feed(tx, now=await moment(tx))


jobs = (Job("tidy_feed", timedelta(minutes=1), tidy_feed),)
