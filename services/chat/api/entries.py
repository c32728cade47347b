"""One-time links: anybody may ask whether one is good, and whoever has it may use it once (P6)."""

import ipaddress
from typing import Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from libs.kit.errors import TooSoon
from libs.kit.http import PUBLIC, Router, Transaction, host
from libs.kit.problems import documented
from libs.kit.sql import EVERY_TENANT
from services.chat import commands, queries
from services.chat.api.house import Someone, resources_of
from services.chat.domain.notifications import EntryUnknown
from services.chat.schemas.notifications import EntryView, GuestView

routes = Router(prefix="/v1", tags=["notifications"])
NETWORK: Final = 64  # bits of an IPv6 address that one household has


class TooManyTries(TooSoon):
    """From where you are, too many links were tried. Wait a minute."""


async def doorstep(connection: HTTPConnection) -> None:
    """Count a try from this address, on this instance. Raises TooManyTries."""
    resources_of(connection).tries.keep(caller_address(connection))


def caller_address(connection: HTTPConnection) -> str:
    """Whose tries count together."""
    said = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return said
    return said if address.version == 4 else str(ipaddress.ip_network((address, NETWORK), strict=False))  # noqa: PLR2004


Doorstep = Depends(doorstep)


@routes.get(
    "/entries/{token}", policy=PUBLIC, dependencies=[Doorstep], responses=documented(EntryUnknown, TooManyTries)
)
async def look_at_entry(token: str, connection: HTTPConnection) -> EntryView:
    """Whether a link is good. Asking uses nothing up, so a messenger's preview does no harm.

    One that was used, withdrawn, is too old or never was: they all look the same.
    """
    async with host(connection).database.session(EVERY_TENANT) as tx:
        if not await queries.entry_is_good(tx, token, now=await queries.moment(tx)):
            raise EntryUnknown
    return EntryView(good=True)


@routes.post(
    "/entries/{token}/use", policy=PUBLIC, status_code=201, dependencies=[Doorstep],
    responses=documented(EntryUnknown, TooManyTries),
)  # fmt: skip
async def use_entry(token: str, connection: HTTPConnection) -> GuestView:
    """Exchange a link, once, for a secret that opens its one conversation for a while, as its client."""
    async with host(connection).database.session(EVERY_TENANT) as tx:
        guest = await commands.use_entry(tx, token, now=await queries.moment(tx))
    return GuestView.model_validate(guest)


@routes.delete("/entries/mine", status_code=204)
async def revoke_entries(person: Someone, tx: Transaction) -> None:
    """Withdraw every link that you were sent, and let out whoever came by one; a guest, for this conversation."""
    now = await queries.moment(tx)
    await commands.revoke_entries(tx, person.id, tenant=person.tenant, now=now, conversation_id=person.only)
