"""Alembic for every service, from one alembic.ini: `alembic -n intake revision --autogenerate -m "..."`."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from libs.kit.sql import EVERY_TENANT, sqlalchemy_url

if TYPE_CHECKING:
    from libs.kit.service import Service

INI = Path(__file__).parents[2] / "alembic.ini"


def run(service: "Service") -> None:
    """The whole of a service's env.py: migrate on the connection we were given, or on one of our own."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        _run(service, given)
        return
    from libs.kit.databases import own_database  # noqa: PLC0415 - only the command line needs a database of its own

    with own_database(service.name, service.settings) as url:
        asyncio.run(_on(url, lambda connection: _run(service, connection)))


async def upgrade(service: "Service", url: str) -> None:
    """Bring a database to the newest schema; processes that start together take turns."""
    await _on(url, lambda connection: command.upgrade(config(service, connection), "head"))


async def behind(service: "Service", url: str) -> bool:
    """Whether a database still lacks a migration."""
    found: list[str | None] = []
    newest = ScriptDirectory.from_config(config(service)).get_current_head()
    await _on(url, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision()))
    return found != [newest]


def config(service: "Service", connection: Connection | None = None) -> Config:
    """A service's section of alembic.ini."""
    found = Config(INI, ini_section=service.name)
    found.set_section_option(service.name, "script_location", str(INI.parent / service.migrations))
    found.attributes["connection"] = connection
    return found


def _run(service: "Service", connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=service.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def _on(url: str, work: Callable[[Connection], None]) -> None:
    # A migration moves everybody's rows, so it stands where all tenants can be seen.
    engine = create_async_engine(
        sqlalchemy_url(url), poolclass=NullPool, connect_args={"server_settings": {"app.tenant": EVERY_TENANT}}
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dovira migrations'))"))
            await connection.run_sync(work)
    finally:
        await engine.dispose()
