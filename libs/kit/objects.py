"""Where bytes are kept that are too large for rows: a folder, or a bucket by its address. They arrive here sealed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, S3Store

from libs.kit.errors import StartRefused, Unavailable

Store = LocalStore | MemoryStore | S3Store
ANSWERS_WITHIN = "10s"  # each piece of 5 MB; as long as one tries anew, so that silence is waited for once
NO_BUCKET = "<Code>NoSuchBucket</Code>"  # Else a bucket that is not there would look like one in which nothing is.


class ObjectsAway(Unavailable):
    """The store of attachments does not answer just now. Try again shortly."""


class ObjectMissing(Exception):
    """There is no object of this name."""


class Stored(NamedTuple):
    """An object, by its name and the moment it was written."""

    name: str
    at: datetime


class Objects:
    """An object store. Names are made of random ids, with slashes between, and never of anything about a person."""

    def __init__(self, store: Store, folder: Path | None = None) -> None:
        self._store, self._folder = store, folder

    async def put(self, name: str, content: bytes) -> None:
        """Keep these bytes under this name; whoever finds the name finds all of them."""
        whole = _whole(name)
        async with _answering():
            await self._store.put_async(whole, content)
        if self._folder is not None:
            # A bucket has it for good when it says so; a folder when the disk does.
            await asyncio.to_thread(_sync, self._folder / whole)

    async def get(self, name: str) -> bytes:
        """The bytes under this name. Raises ObjectMissing."""
        async with _answering():
            found = await self._store.get_async(_whole(name))
            return bytes(await found.bytes_async())

    async def delete(self, *names: str) -> None:
        """Let them go; those that are gone are gone."""
        for name in names:
            try:
                async with _answering():
                    await self._store.delete_async(_whole(name))
            except ObjectMissing:
                continue

    async def delete_under(self, prefix: str) -> int:
        """Let go of everything in a folder of names; how many there were."""
        names = [stored.name async for stored in self.under(prefix)]
        await self.delete(*names)
        return len(names)

    async def under(self, prefix: str | None = None) -> AsyncIterator[Stored]:
        """What is kept in a folder of names, or everything, in no particular order."""
        async with _answering():
            async for some in self._store.list(_whole(prefix) if prefix is not None else None):
                for each in some:
                    yield Stored(each["path"], each["last_modified"])


def open_objects(url: str | None, folder: Path) -> Objects:
    """The store at an address, `s3://bucket/prefix` with credentials in AWS_*, or in a folder that is made."""
    if url is None:
        return Objects(_local(folder), folder)
    if not url.startswith("s3://"):
        raise StartRefused(f"An object store is an s3:// address or nothing, not {url.partition('://')[0]}://.")
    try:
        return Objects(
            S3Store.from_url(
                url,
                # Whether it is http or https is for AWS_ENDPOINT_URL to say; options given here hide AWS_ALLOW_HTTP.
                client_options={"timeout": ANSWERS_WITHIN, "connect_timeout": "3s", "allow_http": True},
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
            )
        )
    except (BaseError, ValueError) as error:
        raise StartRefused(f"The object store's address is not right ({type(error).__name__}).") from None


def _local(folder: Path) -> LocalStore:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(folder, automatic_cleanup=True)
    except (OSError, BaseError) as error:
        raise StartRefused(
            f"{folder} cannot be kept ({type(error).__name__}). Set DOVIRA_RUN_DIR to your own."
        ) from None


def _sync(file: Path) -> None:
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _whole(name: str) -> str:
    """A name as all stores take it; one with an empty or dotted part would mean different things to them."""
    if not name or any(part in {"", ".", ".."} for part in name.split("/")):
        raise ValueError("this is not an object's name")
    return name


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """A store's own errors in our words, without their details: those may name a bucket and its keys."""
    try:
        yield
    except FileNotFoundError as error:
        if NO_BUCKET in str(error):
            raise ObjectsAway from error
        raise ObjectMissing from None
    except BaseError as error:
        raise ObjectsAway from error
