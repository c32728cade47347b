"""What an entry of the access ledger says: who used a conversation's key, when, for what, and why (R14)."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from libs.events.chat import LedgerSealed, LookReason, Side
from libs.kit.ledger import Checkpoint

Use = Literal["page", "live", "live_ended", "excerpt", "attachment", "staff"]
Reader = Side | Literal["staff"]
LEDGERS: Final = UUID("01926f3c-8a00-7000-8000-00000000001e")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One use of the key that reads a conversation, in the order in which its fields are hashed."""

    at: datetime
    reader: UUID
    side: Reader
    use: Use
    first_seq: int | None
    last_seq: int | None
    ticket_id: UUID | None = None
    reason: LookReason | None = None

    def encoded(self) -> bytes:
        """The entry's bytes; what is kept is what was hashed, so nobody need ever write it the same way again."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, payload: bytes) -> "Reading":
        """What an entry says."""
        return msgspec.json.decode(payload, type=cls)


def log_of(tenant: str) -> str:
    """The name under which checkpoints of a tenant follow one another."""
    return f"chat/{tenant}"


def sealed(checkpoint: Checkpoint, tenant: str) -> LedgerSealed:
    """A checkpoint as the bus keeps it."""
    return LedgerSealed(
        tenant=tenant, at=checkpoint.at, ledger_id=uuid5(LEDGERS, checkpoint.log), number=checkpoint.number,
        root=checkpoint.root.hex(), size=checkpoint.size, previous=checkpoint.previous.hex(),
        signed_with=checkpoint.key, signature=checkpoint.signature.hex(),
    )  # fmt: skip
