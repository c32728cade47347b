"""Counts how often somebody asks the database and waits: what travels to PostgreSQL goes through here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import URL, make_url

ASKS: Final = b"QS"  # a simple query, and the Sync that ends an extended one
HEAD: Final = 5
PORT: Final = "5432"


class Trips:
    """How many there were."""

    def __init__(self) -> None:
        self.count = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take messages over one by one; the first of a connection has a length and no kind."""
        try:
            size = await reader.readexactly(4)
            writer.write(size + await reader.readexactly(int.from_bytes(size) - 4))
            while True:
                head = await reader.readexactly(HEAD)
                self.count += head[:1] in ASKS
                writer.write(head + await reader.readexactly(int.from_bytes(head[1:]) - 4))
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


@asynccontextmanager
async def counted(url: str) -> AsyncIterator[tuple[str, Trips]]:
    """The same database at an address where trips to it are counted."""
    known, trips = make_url(url), Trips()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await _connected(known)
        await asyncio.gather(trips.carry(reader, forth), _back(back, writer))

    with TemporaryDirectory(prefix="trips-") as place:
        async with await asyncio.start_unix_server(connect, f"{place}/.s.PGSQL.{PORT}"):
            there = known.set(host=None, port=None, query={"host": place, "port": PORT})
            yield there.render_as_string(hide_password=False), trips


async def _connected(known: URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if known.host is not None:
        return await asyncio.open_connection(known.host, known.port or int(PORT))
    return await asyncio.open_unix_connection(f"{known.query['host']}/.s.PGSQL.{known.query['port']}")


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while raw := await reader.read(65536):
            writer.write(raw)
    writer.close()
