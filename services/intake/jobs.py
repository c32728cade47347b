"""What time causes."""

from datetime import datetime, timedelta

from libs.kit.errors import Unavailable
from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.intake import commands
from services.intake.queries import due_requests, moment

MOST = 200


async def tidy_feed(database: Database, _: datetime) -> None:
    """Forget what nobody can resume from any more, and tickets that have expired."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tidy_feed(tx, now=await moment(tx))


async def pass_time(database: Database, _: datetime) -> None:
    """Tell broken promises and silent winners, and end what nobody took; each request in a transaction of its own.

    Every instance does this: whoever comes second finds that nothing is due any more. So no instance is needed.
    """
    async with database.session(EVERY_TENANT) as tx:
        now = await moment(tx)
        due = await due_requests(tx, now=now, most=MOST)
    for request_id in due:
        try:
            async with database.session(EVERY_TENANT) as tx:
                await commands.pass_time(tx, request_id, now=await moment(tx))
        except Unavailable:
            continue  # It is being won or ended at this moment; the next round sees what it has become.


async def tell_refusals(database: Database, _: datetime) -> None:
    """Say which presses came later than the first."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tell_refusals(tx, now=await moment(tx))


jobs = (
    Job("pass_time", timedelta(seconds=0.5), pass_time),
    Job("tell_refusals", timedelta(seconds=2), tell_refusals),
    Job("tidy_feed", timedelta(minutes=1), tidy_feed),
)
