"""Keys of single things, kept in another database than the things: who steals one of the two can read nothing.

Each key is wrapped by a secret that neither database has. Destroying a key destroys what it sealed, copies of that
included, and it never comes back.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Final, Self
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.kit.sealing import Sealer
from libs.kit.sql import COMMAND_WITHIN, CONNECT_WITHIN, POOL_WAIT, as_it_is, dsn_of

KEY_WITHIN: Final = 3.0  # seconds; whoever sends waits for it
REMEMBERED: Final = 20_000
FOR_SECONDS: Final = 10.0  # a key that was destroyed elsewhere is forgotten here this much later at most
# What ANALYZE sampled would outlive its row in the catalogue, so nobody samples keys. Instances that start together
# prepare one after the other.
PREPARE = """
SELECT pg_advisory_xact_lock(hashtext('dovira keys'));
CREATE TABLE IF NOT EXISTS keys (
  owner uuid PRIMARY KEY,
  wrapped bytea,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  destroyed_at timestamptz,
  CONSTRAINT destroyed_is_gone CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
ALTER TABLE keys ALTER COLUMN wrapped SET STATISTICS 0
"""
FIND = "SELECT wrapped FROM keys WHERE owner = $1"
# Whoever comes second takes the first one's key.
MAKE = "INSERT INTO keys (owner, wrapped) VALUES ($1, $2) ON CONFLICT (owner) DO NOTHING"
REWRAP = "UPDATE keys SET wrapped = $3 WHERE owner = $1 AND wrapped = $2"
# One that was never made cannot be made any more, either.
DESTROY = """
INSERT INTO keys (owner, destroyed_at) VALUES ($1, clock_timestamp())
ON CONFLICT (owner) DO UPDATE SET wrapped = NULL, destroyed_at = clock_timestamp() WHERE keys.wrapped IS NOT NULL
"""
SCRUB_EVERY: Final = timedelta(hours=6)
DIRTY = "SELECT EXISTS (SELECT FROM keys WHERE destroyed_at > clock_timestamp() - $1::interval)"
# It writes the table anew; whoever needs a key waits for that, so it waits for them hardly longer than it takes
# autovacuum to give way, which is a second.
HURRY, SCRUB, CALM = "SET lock_timeout = '2s'", "VACUUM (FULL) keys", "RESET lock_timeout"


class KeyDestroyed(Exception):
    """What this key sealed was erased, for good."""


class KeyRing:
    """The keys of many things, by the id of the thing."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", sealer: Sealer) -> None:
        self._pool, self._sealer = pool, sealer
        self._known: OrderedDict[UUID, tuple[AESGCM, float]] = OrderedDict()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, sealer: Sealer, *, pool_size: int = 4) -> AsyncIterator[Self]:
        """The ring that this database holds; the sealer wraps what is in it."""
        async with asyncpg.create_pool(
            dsn_of(url), min_size=0, max_size=pool_size, timeout=CONNECT_WITHIN, command_timeout=KEY_WITHIN,
            server_settings={"application_name": "dovira-keys"}, reset=as_it_is,
        ) as pool:  # fmt: skip
            yield cls(pool, sealer)

    @staticmethod
    async def prepare(url: str) -> None:
        """Make the table where it is missing."""
        connection = await asyncpg.connect(dsn_of(url), timeout=CONNECT_WITHIN)
        try:
            await connection.execute(PREPARE)
        finally:
            await connection.close()

    async def key(self, owner: UUID) -> AESGCM:
        """The key of one thing, made when it is first asked for. Raises KeyDestroyed."""
        known = self._known.get(owner)
        if known is not None and known[1] > monotonic():
            return known[0]
        key = AESGCM(await self._kept(owner))
        self._known[owner] = (key, monotonic() + FOR_SECONDS)
        self._known.move_to_end(owner)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return key

    async def destroy(self, owner: UUID) -> None:
        """Let nobody read, ever again, what this key sealed."""
        self._known.pop(owner, None)
        async with self._pool.acquire(timeout=POOL_WAIT) as connection:
            await connection.execute(DESTROY, owner)

    async def scrub(self) -> None:
        """Write the table anew, if keys were destroyed lately: till then their wrapped bytes lie about in its file.

        In the write-ahead log and in backups they live on until these are recycled, of use to nobody who has not the
        secret as well.
        """
        async with self._pool.acquire(timeout=POOL_WAIT) as connection:
            if await connection.fetchval(DIRTY, 2 * SCRUB_EVERY):
                await connection.execute(HURRY)
                try:
                    await connection.execute(SCRUB, timeout=COMMAND_WITHIN)
                finally:
                    await connection.execute(CALM)

    async def _kept(self, owner: UUID) -> bytes:
        async with self._pool.acquire(timeout=POOL_WAIT) as connection:
            row = await connection.fetchrow(FIND, owner)
            if row is None:
                made = self._wrapped(AESGCM.generate_key(256), owner)
                await connection.execute(MAKE, owner, made)
                row = await connection.fetchrow(FIND, owner)
            if row is None or row["wrapped"] is None:
                raise KeyDestroyed
            key = bytes.fromhex(self._sealer.open(row["wrapped"], to=_place(owner)))
            if not self._sealer.newest(row["wrapped"]):
                await connection.execute(REWRAP, owner, row["wrapped"], self._wrapped(key, owner))
            return key

    def _wrapped(self, key: bytes, owner: UUID) -> bytes:
        return self._sealer.seal(key.hex(), to=_place(owner))


def _place(owner: UUID) -> str:
    return f"key of {owner}"
