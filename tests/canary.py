"""Where words that somebody confided have got to."""

from typing import Any

from sqlalchemy import text


async def tables_with(service: Any, words: str) -> set[str]:
    """The tables of a service that hold these words, as text or as bytes."""
    async with service.database.begin() as connection:
        named = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        return {name for name in named.scalars() if await _holds(connection, name, words)}


async def _holds(connection: Any, table: str, words: str) -> bool:
    rows = (await connection.execute(text(f'SELECT t::text FROM "{table}" t'))).scalars()  # noqa: S608 - our own name
    return any(words in row or words.encode().hex() in row for row in rows)
