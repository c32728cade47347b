"""Reads: whether a link is good, and who it is that came by one."""

import hashlib
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

# $1 digest, $2 now. Ended, erased, or no longer this client's: the link opens nothing, and nobody had to revoke it.
GOOD: Final = """
  e.digest = $1 AND e.used_at IS NULL AND e.revoked_at IS NULL AND e.expires_at > $2 AND c.id = e.conversation_id
  AND c.client_id = e.person_id AND c.ended_at IS NULL AND c.erased_at IS NULL
"""
IS_GOOD: Final = f"SELECT true FROM entries e, conversations c WHERE {GOOD}"  # noqa: S608 - nothing comes from outside
HERE: Final = """
SELECT g.tenant, g.person_id, g.conversation_id FROM guests g JOIN conversations c ON c.id = g.conversation_id
WHERE g.digest = $1 AND g.expires_at > $2 AND c.client_id = g.person_id AND c.erased_at IS NULL
"""


class Visitor(NamedTuple):
    """Somebody who came by a link: the client of one conversation, and nobody anywhere else."""

    tenant: str
    id: UUID
    only: UUID
    stay: bytes


async def entry_is_good(tx: AsyncSession, token: str, *, now: datetime) -> bool:
    """Whether a link would open something; asking uses nothing up."""
    connection = await tx.connection()
    return bool((await connection.exec_driver_sql(IS_GOOD, (digest_of(token), now))).scalar_one_or_none())


async def visitor(tx: AsyncSession, secret: str, *, now: datetime) -> Visitor | None:
    """Whose guest secret this is, as long as it holds."""
    connection = await tx.connection()
    stay = digest_of(secret)
    row = (await connection.exec_driver_sql(HERE, (stay, now))).one_or_none()
    return Visitor(row.tenant, row.person_id, row.conversation_id, stay) if row else None


def digest_of(secret: str) -> bytes:
    """What is kept of a token or a secret; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
