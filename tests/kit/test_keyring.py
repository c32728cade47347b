"""Keys of single things: made once, wrapped, never back once destroyed, and of no use to who has only one half."""

from asyncio import gather
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.bus.ids import uuid7
from libs.kit import keyring
from libs.kit.keyring import KeyDestroyed, KeyRing
from libs.kit.sealing import Sealer, Unsealable, decrypted, encrypted
from libs.kit.sql import dsn_of

OLD, NEW = "an old secret of forty characters or so!", "a new secret of forty characters or so!!"


@pytest_asyncio.fixture(scope="session")
async def keys_url(database_for: Any) -> str:
    url: str = await database_for("ring_keys", KeyRing.prepare)
    return url


@pytest_asyncio.fixture
async def ring(keys_url: str) -> AsyncIterator[KeyRing]:
    async with KeyRing.open(keys_url, Sealer([OLD])) as opened:
        yield opened


async def rows(keys_url: str, owner: Any) -> list[Any]:
    connection = await asyncpg.connect(dsn_of(keys_url))
    found = await connection.fetch("SELECT wrapped, destroyed_at FROM keys WHERE owner = $1", owner)
    await connection.close()
    return list(found)


def sealed_with(key: AESGCM) -> bytes:
    return encrypted(key, b"words", to=b"here")


async def test_a_key_is_made_when_it_is_first_asked_for_and_then_stays(ring: KeyRing, keys_url: str) -> None:
    """Also for another instance, which has never seen it."""
    owner = uuid7()
    sealed = sealed_with(await ring.key(owner))
    assert decrypted(await ring.key(owner), sealed, to=b"here") == b"words"
    async with KeyRing.open(keys_url, Sealer([OLD])) as another:
        assert decrypted(await another.key(owner), sealed, to=b"here") == b"words"
        with pytest.raises(Unsealable):
            decrypted(await another.key(uuid7()), sealed, to=b"here")


async def test_many_who_ask_first_get_one_key(keys_url: str) -> None:
    """However many instances they ask."""
    owner = uuid7()
    async with KeyRing.open(keys_url, Sealer([OLD])) as one, KeyRing.open(keys_url, Sealer([OLD])) as two:
        made = await gather(*(ring.key(owner) for ring in (one, two) * 8))
        sealed = sealed_with(made[0])
        assert {decrypted(key, sealed, to=b"here") for key in made} == {b"words"}
    assert len(await rows(keys_url, owner)) == 1


async def test_a_key_that_was_destroyed_never_comes_back(ring: KeyRing, keys_url: str) -> None:
    """Neither for who had it, nor under another secret, nor made anew; destroyed twice, it was destroyed once."""
    owner, unused = uuid7(), uuid7()
    await ring.key(owner)
    for each in (owner, owner, unused):
        await ring.destroy(each)
    for each in (owner, unused):
        with pytest.raises(KeyDestroyed):
            await ring.key(each)
        ((wrapped, destroyed_at),) = await rows(keys_url, each)
        assert (wrapped, destroyed_at is not None) == (None, True)


async def test_another_instance_forgets_a_destroyed_key_soon(
    ring: KeyRing, keys_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not ask each time, but it asks again."""
    owner = uuid7()
    async with KeyRing.open(keys_url, Sealer([OLD])) as another:
        await another.key(owner)
        await ring.destroy(owner)
        await another.key(owner)
        later = monotonic() + keyring.FOR_SECONDS
        monkeypatch.setattr(keyring, "monotonic", lambda: later)
        with pytest.raises(KeyDestroyed):
            await another.key(owner)


async def test_who_has_the_keys_but_not_the_secret_has_nothing(ring: KeyRing, keys_url: str) -> None:
    """Nor who has the secret, and moves a wrapped key to another owner."""
    owner, other = uuid7(), uuid7()
    await ring.key(owner)
    async with KeyRing.open(keys_url, Sealer([NEW])) as thief:
        with pytest.raises(Unsealable):
            await thief.key(owner)
    connection = await asyncpg.connect(dsn_of(keys_url))
    copy = "INSERT INTO keys (owner, wrapped) SELECT $1, wrapped FROM keys WHERE owner = $2"
    await connection.execute(copy, other, owner)
    await connection.close()
    with pytest.raises(Unsealable):
        await ring.key(other)


async def test_a_new_secret_wraps_keys_anew_as_they_are_used(ring: KeyRing, keys_url: str) -> None:
    """After that the old one is no longer needed."""
    owner = uuid7()
    sealed = sealed_with(await ring.key(owner))
    async with KeyRing.open(keys_url, Sealer([NEW, OLD])) as rotating:
        await rotating.key(owner)
    async with KeyRing.open(keys_url, Sealer([NEW])) as rotated:
        assert decrypted(await rotated.key(owner), sealed, to=b"here") == b"words"


async def test_who_writes_the_table_anew_gives_up_soon_and_nobody_after_them_does(keys_url: str) -> None:
    """Somebody reads for a long time; the connection that did not wait for that waits as before."""
    reader = await asyncpg.connect(dsn_of(keys_url))
    async with KeyRing.open(keys_url, Sealer([OLD]), pool_size=1) as ring, reader.transaction():
        await ring.destroy(uuid7())
        await reader.execute("LOCK TABLE keys IN ACCESS SHARE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await ring.scrub()
        async with ring._pool.acquire() as connection:
            assert await connection.fetchval("SHOW lock_timeout") == "0"
    await reader.close()
