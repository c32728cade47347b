"""What time causes: cases that nobody takes are told, and counted for whoever pages people."""

from datetime import datetime, timedelta
from typing import get_args

from prometheus_client import Gauge

from libs.events.support import CaseKind
from libs.kit.clock import moment
from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.support import commands, queries
from services.support.queries import Waiting

MOST = 200
OPEN = Gauge("dovira_cases_open", "Cases that nobody has taken, of all houses.", ["kind"])
OVERDUE = Gauge("dovira_cases_overdue", "Those of them that somebody should have taken by now.", ["kind"])


async def tell_overdue(database: Database, _: datetime) -> None:
    """Every instance does this: each case is told by whoever marks it, and left alone by whoever comes second."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tell_overdue(tx, now=await moment(tx), most=MOST)


async def count_waiting(database: Database, _: datetime) -> None:
    """Every instance shows the same numbers, none where nobody waits."""
    async with database.session(EVERY_TENANT, read_only=True) as tx:
        counted = await queries.waiting(tx, now=await moment(tx))
    for kind in get_args(CaseKind):
        waiting = counted.get(kind, Waiting(0, 0))
        OPEN.labels(kind).set(waiting.open)
        OVERDUE.labels(kind).set(waiting.overdue)


jobs = (
    Job("tell_overdue", timedelta(seconds=1), tell_overdue),
    Job("count_waiting", timedelta(seconds=1), count_waiting),
)
