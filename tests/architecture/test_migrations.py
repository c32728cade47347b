"""Migrations lead from nothing to exactly what the tables say, and every tenant's rows stand behind a wall."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.ext.asyncio import create_async_engine

from libs.kit import migrate
from libs.kit.provision import administrator, provision
from libs.kit.service import Service
from libs.kit.sql import sqlalchemy_url

ROOT = Path(__file__).parents[2]
NAMES = sorted(app.parent.name for app in ROOT.glob("services/*/app.py"))
WALLED = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


def service_named(name: str) -> Service:
    """A service."""
    found: Service = importlib.import_module(f"services.{name}").service
    return found


async def drift(service: Service, url: str) -> str:
    """What alembic would write into a new migration."""
    said: list[str] = []

    def compare(connection: Any) -> None:
        try:
            command.check(migrate.config(service, connection))
        except CommandError as error:
            said.append(str(error))

    await migrate._on(url, compare)
    return "".join(said)


@pytest.fixture
async def empty(request: pytest.FixtureRequest, postgres: str, worker: str) -> Any:
    """A service's database before its first migration."""
    name, database = request.param, f"stairs_{request.param}_{worker}"
    admin = await administrator(postgres)
    await admin.execute(f"DROP DATABASE IF EXISTS {database}")
    yield await provision(postgres, name, database=database)
    await admin.execute(f"DROP DATABASE {database} WITH (FORCE)")
    await admin.close()


async def left(url: str) -> set[str]:
    """Tables and sequences that are there."""
    admin = await administrator(url)
    rows = await admin.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'S') AND relnamespace = 'public'::regnamespace"
    )
    await admin.close()
    return {row["relname"] for row in rows}


def each_service() -> pytest.MarkDecorator:
    """Once per service, in an empty database of its own."""
    return pytest.mark.parametrize(("name", "empty"), [(name, name) for name in NAMES], indirect=["empty"], ids=NAMES)


@each_service()
async def test_migrations_lead_from_nothing_to_what_the_tables_say(name: str, empty: str) -> None:
    service = service_named(name)
    assert await migrate.behind(service, empty)
    await migrate.upgrade(service, empty)
    assert not await migrate.behind(service, empty)
    assert await drift(service, empty) == ""


@each_service()
async def test_migrations_lead_back_to_nothing_and_up_again(name: str, empty: str) -> None:
    service = service_named(name)
    await migrate.upgrade(service, empty)
    await migrate._on(empty, lambda connection: command.downgrade(migrate.config(service, connection), "base"))
    assert await left(empty) == {"alembic_version"}
    await migrate.upgrade(service, empty)
    assert await drift(service, empty) == ""


@each_service()
async def test_every_table_with_a_tenant_hides_its_rows_from_other_tenants(name: str, empty: str) -> None:
    await migrate.upgrade(service_named(name), empty)
    engine = create_async_engine(sqlalchemy_url(empty))
    async with engine.connect() as connection:
        found = {row.name: row.walled for row in await connection.exec_driver_sql(WALLED)}
    await engine.dispose()
    assert found
    assert [table for table, walled in found.items() if not walled] == []


@pytest.mark.parametrize(("name", "empty"), [("chat", "chat")], indirect=["empty"], ids=["chat"])
async def test_a_table_without_a_migration_is_noticed(name: str, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_named(name)
    await migrate.upgrade(service, empty)
    more = MetaData()
    for table in service.metadata.sorted_tables:
        table.to_metadata(more)
    Table("forgotten", more, Column("id", Integer, primary_key=True))
    # env.py asks the package for its service each time.
    monkeypatch.setattr(f"services.{name}.service", replace(service, metadata=more))
    assert "forgotten" in await drift(service, empty)
