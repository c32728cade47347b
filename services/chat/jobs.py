"""What time causes in chat."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from libs.kit.clock import moment
from libs.kit.jobs import Job
from libs.kit.keyring import SCRUB_EVERY
from libs.kit.ledger import Signer
from libs.kit.service import Running
from libs.kit.sql import EVERY_TENANT, Database
from services.chat import commands, queries
from services.chat.commands import Desk
from services.chat.queries import Gallery
from services.chat.queries.attachments import uploading_tenants

MOST = 200
AT_ONCE = 5  # deliveries; half of the connections stay for everybody else
SWEPT_AFTER = timedelta(days=1)  # whatever is being added now has long been entered by then
log = structlog.get_logger()


async def forget_tickets(database: Database, _: datetime) -> None:
    """Let go of tickets that nobody used."""
    async with database.session(EVERY_TENANT) as tx:
        await commands.forget_tickets(tx, now=await moment(tx))


async def tell_people(database: Database, desk: Desk) -> None:
    """Hand over what is due, a few at a time; every instance does this, and leaves alone what another one has."""
    async with database.session(EVERY_TENANT) as tx:
        due = await queries.due_notifications(tx, now=await moment(tx), most=MOST)
    places = asyncio.Semaphore(AT_ONCE)

    async def one_after_another(notification_ids: Sequence[UUID]) -> None:
        async with places:
            for notification_id in notification_ids:
                await _tell(database, desk, notification_id)

    await asyncio.gather(*map(one_after_another, due))


async def _tell(database: Database, desk: Desk, notification_id: UUID) -> None:
    """Decide, then send, then mark; whoever dies in between is followed by a repeat under the same id."""
    try:
        async with database.session(EVERY_TENANT) as tx:
            handed = await commands.hand_over(tx, desk, notification_id, now=await moment(tx))
        if handed is not None:
            outcome = await desk.couriers.deliver(handed.parcel)
            async with database.session(EVERY_TENANT) as tx:
                await commands.mark(tx, handed, outcome, now=await moment(tx))
    except Exception as error:
        # One that cannot be told must not keep the others waiting; it comes up again by itself.
        log.exception("notification.stuck", notification_id=str(notification_id), exc_info=error)


async def forget_told(database: Database, _: datetime) -> None:
    """Let go of who was told long ago, and of links that are too old."""
    async with database.session(EVERY_TENANT) as tx:
        now = await moment(tx)
        await commands.forget_entries(tx, now=now)
        for tenant in await queries.told_tenants(tx):
            await commands.forget_deliveries(tx, tenant, now=now)


async def seal_ledgers(database: Database, signer: Signer) -> None:
    """Sign who has read since the last time, tenant by tenant; where another instance does, leave it to that one."""
    async with database.session(EVERY_TENANT) as tx:
        tenants = await queries.grown_ledgers(tx)
    for tenant in tenants:
        more = True
        while more:
            async with database.session(tenant) as tx:
                more = await commands.seal_ledger(tx, signer, tenant=tenant, now=await moment(tx))


async def finish_erasures(database: Database, gallery: Gallery) -> None:
    """Destroy the keys of what is erased, where whoever erased it was stopped before."""
    await commands.finish_erasures(database, gallery)


async def let_go_of_pictures(database: Database, gallery: Gallery) -> None:
    """Let go of pictures that were added and never sent, and of objects that no picture needs."""
    async with database.session(EVERY_TENANT) as tx:
        now, tenants = await moment(tx), await uploading_tenants(tx)
    for tenant in tenants:
        async with database.session(tenant) as tx:
            names = await commands.forget_unsent(tx, tenant, now=now)
        await gallery.objects.delete(*names)
    await commands.sweep(database, gallery, before=now - SWEPT_AFTER)


def jobs_with(running: Running) -> Sequence[Job]:
    """What needs keys and couriers, which this process has opened."""

    async def tell(database: Database, _: datetime) -> None:
        await tell_people(database, running.resources.desk)

    async def seal(database: Database, _: datetime) -> None:
        await seal_ledgers(database, running.resources.signer)

    async def let_go(database: Database, _: datetime) -> None:
        await let_go_of_pictures(database, running.resources.gallery)

    async def finish(database: Database, _: datetime) -> None:
        await finish_erasures(database, running.resources.gallery)

    async def scrub(_: Database, __: datetime) -> None:
        await running.resources.vault.keys.scrub()

    return (
        Job("scrub_keys", SCRUB_EVERY, scrub),
        Job("finish_erasures", timedelta(seconds=20), finish),
        Job("let_go_of_pictures", timedelta(minutes=10), let_go),
        Job("tell_people", timedelta(seconds=0.5), tell),
        Job("seal_ledgers", timedelta(seconds=30), seal),
    )


jobs = (
    Job("forget_tickets", timedelta(minutes=1), forget_tickets),
    Job("forget_told", timedelta(hours=1), forget_told),
)
