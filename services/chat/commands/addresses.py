"""Where people want to be told of messages: kept so that only who holds the keys can read it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.sealing import Sealer
from services.chat.domain.addresses import Address
from services.chat.queries.addresses import place
from services.chat.tables.notifications import AddressRow

_new = upsert(AddressRow)
KEEP = _new.on_conflict_do_update(
    index_elements=[AddressRow.tenant, AddressRow.person_id],
    set_={name: _new.excluded[name] for name in ("phone", "mail", "locale", "at")},
)
FORGET = delete(AddressRow).where(
    AddressRow.tenant == bindparam("of_tenant"), AddressRow.person_id == bindparam("person")
)


async def keep_address(
    tx: AsyncSession, sealer: Sealer, address: Address, *, tenant: str, person_id: UUID, now: datetime
) -> None:
    """Seal an address to its person, in place of the one they had."""
    phone = sealer.seal(address.phone, to=place(tenant, person_id, "phone")) if address.phone else None
    mail = sealer.seal(address.mail, to=place(tenant, person_id, "mail")) if address.mail else None
    row = {"tenant": tenant, "person_id": person_id, "phone": phone, "mail": mail, "locale": address.locale, "at": now}
    await tx.execute(KEEP, row)


async def forget_address(tx: AsyncSession, *, tenant: str, person_id: UUID) -> None:
    """Somebody is told nothing any more."""
    await tx.execute(FORGET, {"of_tenant": tenant, "person": person_id})
