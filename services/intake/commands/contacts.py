"""How to reach a client, kept so that only who holds the keys can read it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Messenger
from libs.kit.phones import Phone
from libs.kit.sealing import Sealer
from services.intake.domain import RequestUnknown
from services.intake.queries import contact_of
from services.intake.tables import RevealRow

REVEAL = insert(RevealRow)


class ShownContact(NamedTuple):
    """How to reach a client, in clear."""

    phone: str
    may_call: bool
    messenger: Messenger | None


class SealedPhone(NamedTuple):
    """A phone number that can be read with the key alone, and compared without."""

    sealed: bytes
    hash: bytes


def seal_phone(sealer: Sealer, phone: Phone | None, request_id: UUID, tenant: str) -> SealedPhone | None:
    """Seal a number to its request: moved to another row it cannot be read."""
    if phone is None:
        return None
    return SealedPhone(sealer.seal(phone, to=f"{tenant} {request_id}"), sealer.fingerprint(phone, of=tenant))


async def reveal_contact(
    tx: AsyncSession, sealer: Sealer, request_id: UUID, winner_id: UUID, *, tenant: str, now: datetime
) -> ShownContact:
    """Read a number for its winner, and write down that it was read; RequestUnknown for everybody else."""
    contact = await contact_of(tx, request_id, winner_id)
    if contact is None:
        raise RequestUnknown
    await tx.execute(REVEAL, {"tenant": tenant, "request_id": request_id, "specialist_id": winner_id, "at": now})
    phone = sealer.open(contact.phone, to=f"{tenant} {request_id}")
    return ShownContact(phone, contact.may_call, contact.messenger)
