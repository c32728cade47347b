"""Reads for live connections: who is where now, and what was said since."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from libs.events.chat import PrivacyMode, Side
from libs.kit.sql import FastConnection
from services.chat.domain import Message, Participant
from services.chat.queries.vault import KeptMessage, Vault

STATES = """
SELECT id, tenant, privacy_mode AS mode, client_id, counterpart_id, counterpart_side, released_at, since_seq, last_seq,
  ended_at, erased_at
FROM conversations WHERE id = ANY($1)
"""
STAYS = "SELECT digest FROM guests WHERE digest = ANY($1) AND expires_at > clock_timestamp()"
TAIL = """
SELECT seq, side, sender_id, client_message_id, form, body, commitment, stamp, attachments, at FROM messages
WHERE conversation_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq
"""


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
    found = await db.fetch(STATES, list(ids))
    return {
        row["id"]: Room(
            row["id"], row["tenant"], row["mode"], row["client_id"], row["counterpart_id"], row["counterpart_side"],
            row["released_at"] is not None, row["since_seq"], row["last_seq"], row["ended_at"] is not None,
            row["erased_at"] is not None,
        )
        for row in found
    }  # fmt: skip


async def stays(db: FastConnection, known: Collection[bytes]) -> frozenset[bytes]:
    """Those of guests' stays that are not over."""
    return frozenset(row["digest"] for row in await db.fetch(STAYS, list(known)))


async def tail(db: FastConnection, vault: Vault, room: Room, *, after: int, until: int) -> list[Message]:
    """What was said in between, in order."""
    found = await db.fetch(TAIL, room.id, after, until)
    return [await vault.opened(KeptMessage(*row), room.id, room.mode) for row in found]
