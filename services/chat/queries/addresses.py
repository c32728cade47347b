"""Where somebody wants to be told of messages."""

from typing import Literal
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.phones import Phone
from libs.kit.sealing import Sealer
from services.chat.domain.addresses import Address
from services.chat.tables.notifications import AddressRow

OF = select(AddressRow.phone, AddressRow.mail, AddressRow.locale).where(
    AddressRow.tenant == bindparam("tenant"), AddressRow.person_id == bindparam("person")
)


async def address_of(tx: AsyncSession, sealer: Sealer, *, tenant: str, person_id: UUID) -> Address | None:
    """Their address in clear, or None. Raises Unsealable, when its key is not here."""
    row = (await tx.execute(OF, {"tenant": tenant, "person": person_id})).one_or_none()
    if row is None:
        return None
    phone = sealer.open(row.phone, to=place(tenant, person_id, "phone")) if row.phone else None
    mail = sealer.open(row.mail, to=place(tenant, person_id, "mail")) if row.mail else None
    return Address(Phone(phone) if phone else None, mail, row.locale)


def place(tenant: str, person_id: UUID, kind: Literal["phone", "mail"]) -> str:
    """What an address is sealed to: moved to another person, or from mail to phone, it cannot be read."""
    return f"address {tenant} {person_id} {kind}"
