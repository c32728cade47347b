"""Reads for live connections: who is where now, and what was said since."""

from collections.abc import Collection
from typing import Any, NamedTuple, Self
from uuid import UUID

from libs.events.chat import PrivacyMode, Side
from libs.kit.sql import FastConnection
from services.chat.domain import Message, Participant
from services.chat.queries.vault import KeptMessage, Vault

ROOM = """
  c.id, c.tenant, c.privacy_mode AS mode, c.client_id, c.counterpart_id, c.counterpart_side,
  c.released_at IS NOT NULL AS released, c.since_seq, c.last_seq, c.ended_at IS NOT NULL AS ended,
  c.erased_at IS NOT NULL AS erased
"""
STATES = f"SELECT {ROOM} FROM conversations c WHERE c.id = ANY($1)"  # noqa: S608 - nothing in it comes from outside
STAYS = "SELECT digest FROM guests WHERE digest = ANY($1) AND expires_at > clock_timestamp()"
# One statement, for one moment: a message with who may read it.
TAIL = f"""
SELECT {ROOM}, m.seq, m.side, m.sender_id, m.client_message_id, m.form, m.body, m.commitment, m.stamp, m.attachments,
  m.at
FROM conversations c JOIN messages m ON m.conversation_id = c.id
WHERE c.id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3
"""  # noqa: S608 - as above


class Room(NamedTuple):
    """How a conversation stands at this moment."""

    id: UUID
    tenant: str
    mode: PrivacyMode
    client_id: UUID
    counterpart_id: UUID
    counterpart_side: Side
    released: bool
    since_seq: int
    last_seq: int
    ended: bool
    erased: bool

    @classmethod
    def of(cls, row: Any) -> Self:
        """As the database gives it, whatever else is in the row."""
        return cls(**{name: row[name] for name in cls._fields})

    @property
    def readers(self) -> frozenset[UUID]:
        """Who may read what is said now."""
        if self.erased:
            return frozenset()
        return frozenset({self.client_id} if self.released else {self.client_id, self.counterpart_id})

    def side_of(self, reader: Participant) -> Side | None:
        """On which side somebody is now; None who is on neither."""
        if self.erased or reader.tenant != self.tenant:
            return None
        if self.client_id == reader.as_client:
            return "client"
        theirs = reader.as_specialist if self.counterpart_side == "specialist" else reader.as_clinic
        return self.counterpart_side if theirs == self.counterpart_id and not self.released else None

    def readable_after(self, side: str) -> int:
        """The place after which a side may read."""
        return 0 if side == "client" else self.since_seq


async def rooms(db: FastConnection, ids: Collection[UUID]) -> dict[UUID, Room]:
    """How these conversations stand now; one that there is not is not in it."""
    return {row["id"]: Room.of(row) for row in await db.fetch(STATES, list(ids))}


async def stays(db: FastConnection, known: Collection[bytes]) -> frozenset[bytes]:
    """Those of guests' stays that are not over."""
    return frozenset(row["digest"] for row in await db.fetch(STAYS, list(known)))


async def tail(
    db: FastConnection, vault: Vault, conversation_id: UUID, *, after: int, most: int
) -> list[tuple[Message, frozenset[UUID]]]:
    """What was said after a place, in order, with who may read it."""
    found = [
        (KeptMessage(*(row[name] for name in KeptMessage._fields)), Room.of(row))
        for row in await db.fetch(TAIL, conversation_id, after, most)
    ]
    return [(await vault.opened(kept, room.id, room.mode), room.readers) for kept, room in found]
