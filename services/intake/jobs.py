"""What time causes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.errors import Unavailable
from libs.kit.jobs import Job
from libs.kit.sql import EVERY_TENANT, Database
from services.intake import commands
from services.intake.queries import due_requests, moment, racing_houses
from services.intake.queries.orders import unpaid_orders

MOST = 200
Due = tuple[UUID, datetime]
GOES = text("SELECT pg_try_advisory_xact_lock_shared(hashtext('intake time'))")
STANDS = text("SELECT pg_advisory_lock(hashtext('intake time'))")
GOES_ON = text("SELECT pg_advisory_unlock(hashtext('intake time'))")
log = structlog.get_logger()


async def tidy_feed(database: Database, _: datetime) -> None:
    """Forget what nobody can resume from any more, and tickets that have expired."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tidy_feed(tx, now=await moment(tx))


async def pass_time(database: Database, _: datetime) -> None:
    """Tell broken promises and silent winners, and end what nobody took; each request in a transaction of its own.

    Every instance does this: whoever comes second finds that nothing is due any more. So no instance is needed.
    """
    await _one_by_one(database, due_requests, commands.pass_time)


async def expire_orders(database: Database, _: datetime) -> None:
    """End the orders that nobody has paid in time; like time itself, by every instance, and each but once."""
    await _one_by_one(database, unpaid_orders, commands.orders.expire_order)


async def _one_by_one(
    database: Database, due: Callable[..., Awaitable[list[Due]]], cause: Callable[..., Awaitable[None]]
) -> None:
    """All that is due, a page at a time: however many cannot be turned, the others are come to."""
    after: Due | None = None
    while True:
        async with database.session(EVERY_TENANT) as tx:
            page = await due(tx, now=await moment(tx), most=MOST, after=after) if await time_goes(tx) else []
        for id, _since in page:
            await _turn(database, id, cause)
        if len(page) < MOST:
            return
        after = page[-1]


async def _turn(database: Database, id: UUID, cause: Callable[..., Awaitable[None]]) -> None:
    try:
        async with database.session(EVERY_TENANT) as tx:
            if await time_goes(tx):
                await cause(tx, id, now=await moment(tx))
    except Unavailable:
        pass  # It is being won or ended at this moment; the next round sees what it has become.
    except Exception as error:
        # One that cannot be turned must not keep the others waiting.
        log.exception("time.stuck", id=str(id), exc_info=error)


async def time_goes(tx: AsyncSession) -> bool:
    """Whether time may cause anything; while a demonstration plays on a clock of its own, ours stands still."""
    return bool(await tx.scalar(GOES))


@asynccontextmanager
async def time_stands(database: Database) -> AsyncIterator[None]:
    """Let time cause nothing inside, on any instance: for who brings a clock of their own."""
    async with database.engine.connect() as connection:
        await connection.execute(STANDS)
        yield  # Whatever happens, the lock ends with the connection.
        await connection.execute(GOES_ON)


async def tell_refusals(database: Database, _: datetime) -> None:
    """Say which presses came later than the first."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.tell_refusals(tx, now=await moment(tx))


async def forget_presses(database: Database, _: datetime) -> None:
    """Let go of receipts that are older than their house keeps them, a page at a time."""
    async with database.session(EVERY_TENANT) as tx:
        tenants = await racing_houses(tx)
    for tenant in tenants:
        gone = MOST
        while gone == MOST:
            async with database.session(tenant) as tx:
                gone = await commands.forget_presses(tx, tenant, now=await moment(tx), most=MOST)


async def forget_slots(database: Database, _: datetime) -> None:
    """Let go of times for calls that passed and that nobody had taken."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.orders.forget_slots(tx, now=await moment(tx))


async def end_duties(database: Database, _: datetime) -> None:
    """Say which duties ran out; whoever's duty it was may already have said another one."""
    async with database.session(EVERY_TENANT) as tx:
        if await time_goes(tx):
            await commands.end_duties(tx, now=await moment(tx), most=MOST)


jobs = (
    Job("pass_time", timedelta(seconds=0.5), pass_time),
    Job("expire_orders", timedelta(seconds=30), expire_orders),
    Job("tell_refusals", timedelta(seconds=2), tell_refusals),
    Job("end_duties", timedelta(seconds=2), end_duties),
    Job("tidy_feed", timedelta(minutes=1), tidy_feed),
    Job("forget_presses", timedelta(hours=1), forget_presses),
    Job("forget_slots", timedelta(hours=1), forget_slots),
)
