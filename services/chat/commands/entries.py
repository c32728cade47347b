"""Links into a conversation: each opens it once, for its client alone, and only as long as it is theirs."""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.sealing import Sealer
from services.chat.domain.notifications import EntryUnknown
from services.chat.queries.entries import GOOD, digest_of
from services.chat.queries.policies import rules_of

KEEP: Final = """
INSERT INTO entries (digest, tenant, conversation_id, person_id, expires_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at
"""
USE: Final = f"""
UPDATE entries e SET used_at = $2 FROM conversations c WHERE {GOOD}
RETURNING e.tenant, e.conversation_id, e.person_id
"""  # noqa: S608 - nothing in it comes from outside
ADMIT: Final = """
INSERT INTO guests (digest, tenant, conversation_id, person_id, expires_at) VALUES ($1, $2, $3, $4, $5)
"""
REVOKE: Final = """
UPDATE entries SET revoked_at = $3 WHERE person_id = $1 AND tenant = $2 AND revoked_at IS NULL
  AND ($4::uuid IS NULL OR conversation_id = $4)
"""
OUT: Final = "DELETE FROM guests WHERE person_id = $1 AND tenant = $2 AND ($3::uuid IS NULL OR conversation_id = $3)"
# Whoever sweeps waits for nobody: what somebody holds is taken by the next round.
_OLD: Final = "(SELECT digest FROM {0} WHERE expires_at <= $1 FOR UPDATE SKIP LOCKED)"
FORGET: Final = tuple(f"DELETE FROM {each} WHERE digest IN {_OLD.format(each)}" for each in ("entries", "guests"))  # noqa: S608


class Guest(NamedTuple):
    """Who came by a link: what they show from now on, where they may be, and until when."""

    secret: str
    conversation_id: UUID
    expires_at: datetime


def token_of(sealer: Sealer, notification_id: UUID) -> str:
    """256 bits that only we can make; a notification that is sent again has the same link in it."""
    return urlsafe_b64encode(sealer.fingerprint(str(notification_id), of="entry")).rstrip(b"=").decode()


async def make_entry(
    tx: AsyncSession, token: str, *, tenant: str, conversation_id: UUID, person_id: UUID, expires_at: datetime
) -> None:
    """Let a token open a conversation once; of the token itself nothing is kept."""
    connection = await tx.connection()
    await connection.exec_driver_sql(KEEP, (digest_of(token), tenant, conversation_id, person_id, expires_at))


async def use_entry(tx: AsyncSession, token: str, *, now: datetime) -> Guest:
    """Use a link up, for a secret that opens its conversation for a while. EntryUnknown, whatever is wrong with it."""
    connection = await tx.connection()
    entry = (await connection.exec_driver_sql(USE, (digest_of(token), now))).one_or_none()
    if entry is None:
        raise EntryUnknown
    lasts: timedelta = (await rules_of(tx, entry.tenant)).notifications.guest_lasts
    guest = Guest(secrets.token_urlsafe(32), entry.conversation_id, now + lasts)
    admitted = (digest_of(guest.secret), entry.tenant, entry.conversation_id, entry.person_id, guest.expires_at)
    await connection.exec_driver_sql(ADMIT, admitted)
    return guest


async def revoke_links(
    tx: AsyncSession, person_id: UUID, *, tenant: str, now: datetime, conversation_id: UUID | None = None
) -> None:
    """Links that were sent to somebody open nothing any more; who has come by one may stay."""
    connection = await tx.connection()
    await connection.exec_driver_sql(REVOKE, (person_id, tenant, now, conversation_id))


async def revoke_entries(
    tx: AsyncSession, person_id: UUID, *, tenant: str, now: datetime, conversation_id: UUID | None = None
) -> None:
    """The same, and who came by one is out."""
    await revoke_links(tx, person_id, tenant=tenant, now=now, conversation_id=conversation_id)
    connection = await tx.connection()
    await connection.exec_driver_sql(OUT, (person_id, tenant, conversation_id))


async def forget_entries(tx: AsyncSession, *, now: datetime) -> None:
    """Let go of links and guests whose time is over."""
    connection = await tx.connection()
    for statement in FORGET:
        await connection.exec_driver_sql(statement, (now,))
