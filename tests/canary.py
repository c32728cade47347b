"""Where words that somebody confided have got to.

The client's phone and words that tests use are canaries: over the whole suite none may turn up in an event, a log line,
a metric, or an answer that refuses something.
"""

import io
import sys
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

PHONE = "+380 44 765 43 21"
WORDS = "How do I tell my sister?"
CANARIES = ("447654321", "44 765 43 21", "44%20765", WORDS)
SAID = ("outbox", "parked")


def leaked(told: str) -> list[str]:
    """The canaries that something holds."""
    return [canary for canary in CANARIES if canary in told]


class Aviary(io.StringIO):
    """Where all log lines of a test process go; keeps those with canaries in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def write(self, line: str) -> int:
        """Look at a line, and pass it on."""
        if leaked(line):
            self.found.append(line)
        return sys.stdout.write(line)


async def refusals_keep_quiet(answer: httpx.Response) -> None:
    """What refuses something says nothing of what was confided, even to who confided it."""
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        await answer.aread()
        if found := leaked(answer.text):
            raise AssertionError(f"a refusal of {answer.request.url.path} says {found}")


async def events_keep_quiet(engine: AsyncEngine) -> None:
    """Nothing that a service has said, or laid aside, holds a canary."""
    async with engine.begin() as connection:
        for table in SAID:
            rows = await connection.execute(text(f"SELECT convert_from(value, 'UTF8') FROM {table}"))  # noqa: S608
            if found := [canary for row in rows.scalars() for canary in leaked(row)]:
                raise AssertionError(f"{table} holds {found}")


async def tables_with(service: Any, words: str) -> set[str]:
    """The tables of a service that hold these words, as text or as bytes."""
    async with service.database.begin() as connection:
        named = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        return {name for name in named.scalars() if await _holds(connection, name, words)}


async def _holds(connection: Any, table: str, words: str) -> bool:
    rows = (await connection.execute(text(f'SELECT t::text FROM "{table}" t'))).scalars()  # noqa: S608 - our own name
    return any(words in row or words.encode().hex() in row for row in rows)
