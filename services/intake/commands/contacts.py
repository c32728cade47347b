"""How to reach a client, kept so that only who holds the keys can read it."""

from typing import NamedTuple
from uuid import UUID

from libs.kit.sealing import Sealer
from services.intake.domain import Contact


class SealedPhone(NamedTuple):
    """A phone number that can be read with the key alone, and compared without."""

    sealed: bytes
    hash: bytes


def seal_phone(sealer: Sealer, phone: Contact | None, request_id: UUID, tenant: str) -> SealedPhone | None:
    """Seal a number to its request: moved to another row it cannot be read."""
    if phone is None:
        return None
    return SealedPhone(sealer.seal(phone, to=f"{tenant} {request_id}"), sealer.fingerprint(phone, of=tenant))


def open_phone(sealer: Sealer, sealed: bytes, request_id: UUID, tenant: str) -> str:
    """Read a number, for its winner."""
    return sealer.open(sealed, to=f"{tenant} {request_id}")
