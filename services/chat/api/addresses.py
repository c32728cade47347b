"""Where you want to be told that there is something to read: yours alone, kept sealed, shown masked."""

from typing import Annotated

from fastapi import Depends

from libs.kit.auth import Principal
from libs.kit.http import Policy, Router, Snapshot, Transaction
from libs.kit.phones import PhoneMalformed
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import Held
from services.chat.domain.addresses import address
from services.chat.domain.notifications import AddressMissing, AddressUnknown, MailMalformed
from services.chat.schemas.notifications import AddressView, NewAddress

routes = Router(prefix="/v1", tags=["notifications"])
# By token only: who came by a link has one conversation, and no address to change.
Person = Annotated[Principal, Depends(Policy("client", "specialist", "clinic"))]


@routes.put("/addresses/mine", responses=documented(AddressMissing, PhoneMalformed, MailMalformed))
async def keep_address(new: NewAddress, caller: Person, tx: Transaction, held: Held) -> AddressView:
    """Say where you want to be told; it takes the place of what you said before."""
    made = address(new.phone, new.mail, new.locale)
    now = await queries.moment(tx)
    await commands.keep_address(tx, held.vault.sealer, made, tenant=caller.tenant, person_id=caller.id, now=now)
    return AddressView.of(made)


@routes.get("/addresses/mine", responses=documented(AddressUnknown))
async def show_address(caller: Person, tx: Snapshot, held: Held) -> AddressView:
    """Where you are told."""
    found = await queries.address_of(tx, held.vault.sealer, tenant=caller.tenant, person_id=caller.id)
    if found is None:
        raise AddressUnknown
    return AddressView.of(found)


@routes.delete("/addresses/mine", status_code=204)
async def forget_address(caller: Person, tx: Transaction) -> None:
    """Be told nothing any more."""
    await commands.forget_address(tx, tenant=caller.tenant, person_id=caller.id)
