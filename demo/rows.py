"""Raw rows of intake, read with plain SQL past everything that the platform knows of them."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from demo.recount import House, Row
from libs.kit.errors import StartRefused
from libs.kit.provision import address
from libs.kit.settings import PlatformSettings, read
from libs.kit.sql import dsn_of
from services.intake.settings import Settings

TABLES = ("specialists", "requests", "presses", "bars", "policies", "holidays", "orders")
FIFTH = 4  # the line of postmaster.pid that names the directory of the socket


class Rows:
    """The rows of one moment, and the house rules as each house has changed them."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self._tables = tables
        by_version = sorted(tables["policies"], key=lambda row: row["version"])
        newest = {row["tenant"]: _house(json.loads(row["changes"])) for row in by_version}
        self.houses = defaultdict(House, newest)

    def all(self, table: str) -> list[Row]:
        """Every row of a table."""
        return self._tables[table]

    def of(self, table: str, tenant: str) -> list[Row]:
        """One house's rows."""
        return [row for row in self._tables[table] if row["tenant"] == tenant]

    def __eq__(self, other: object) -> bool:
        """Whether nothing happened in between."""
        return isinstance(other, Rows) and self._tables == other._tables

    __hash__ = None  # type: ignore[assignment]


class Database:
    """Intake's database, from outside."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    @classmethod
    async def open(cls, platform: PlatformSettings) -> "Database":
        """The database of the platform of this run directory, and all houses in it."""
        connection = await asyncpg.connect(dsn_of(_url(platform)))
        await connection.execute("SELECT set_config('app.tenant', '*', false)")
        return cls(connection)

    async def rows(self) -> Rows:
        """Everything, as it was at one moment."""
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            return Rows(
                {
                    table: [dict(row) for row in await self._connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2")]  # noqa: S608 - names from above
                    for table in TABLES
                }
            )

    async def now(self) -> datetime:
        """The clock that judges."""
        moment: datetime = await self._connection.fetchval("SELECT clock_timestamp()")
        return moment

    async def close(self) -> None:
        """Leave."""
        await self._connection.close()


def _url(platform: PlatformSettings) -> str:
    own = read(Settings).database_url
    if own is not None:
        return own.get_secret_value()
    if platform.database_url is not None:
        return address(platform.database_url.get_secret_value(), "intake")
    mark = platform.run_dir.absolute() / "postgres" / "postmaster.pid"
    return address(f"postgresql://app@/postgres?host={quote(_socket_named_in(mark))}&port=5432", "intake")


def _socket_named_in(mark: Path) -> str:
    try:
        return mark.read_text(encoding="utf-8").splitlines()[FIFTH]
    except (OSError, IndexError):
        raise StartRefused(f"No database runs in {mark.parent}: set DOVIRA_RUN_DIR as for the platform.") from None


def _house(changes: Mapping[str, Mapping[str, Any]]) -> House:
    """Groups are of no interest: no two of these numbers have the same name."""
    changed = {name: value for group in changes.values() for name, value in group.items()}
    return House(**{each.name: changed[each.name] for each in fields(House) if each.name in changed})
