"""A service's database: its tables' common ground, its transactions, and the wall between tenants."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Self, cast
from uuid import UUID

import asyncpg
from alembic import op
from sqlalchemy import URL, DateTime, MetaData, Text, Uuid, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from libs.bus import bus_tables
from libs.kit.errors import StartRefused
from libs.kit.tables import idempotency_table

EVERY_TENANT: Final = "*"
NO_TENANT: Final = ""
OLDEST = 150000
CONNECT_WITHIN = 3.0
POOL_WAIT = 2.0
COMMAND_WITHIN = 30.0
STATEMENT_WITHIN = "5s"
_TENANT = re.compile(r"([a-z][a-z0-9-]{0,30}|\*|)")
# One trip: whose rows may be seen, how long a statement may take, and whether anything may change.
_ENTER = "SELECT set_config('app.tenant', $1, true), set_config('statement_timeout', $2, true)"
_NAMES = {
    "ix": "%(table_name)s_by_%(column_0_N_name)s",
    "uq": "%(table_name)s_one_%(column_0_N_name)s",
    "ck": "%(table_name)s_%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_known",
    "pk": "%(table_name)s_pk",
}

FastConnection = asyncpg.pool.PoolConnectionProxy


class _TenantConnection(asyncpg.Connection):
    """A bare connection that knows whose rows it shows, so that it is told only when that changes."""

    __slots__ = ("_tenant",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tenant: str | None = None

    async def show(self, tenant: str) -> None:
        """Show this tenant's rows from now on; until the server has said so, it is taken to show anybody's."""
        if self._tenant != tenant:
            self._tenant = None
            await self.execute(f"SELECT set_config('app.tenant', '{_valid(tenant)}', false)")
            self._tenant = tenant


def service_metadata() -> MetaData:
    """A schema of a service's own, with what bus and kit keep in it."""
    metadata = MetaData(naming_convention=_NAMES)
    bus_tables(metadata)
    idempotency_table(metadata)
    return metadata


class ServiceTables:
    """Makes a declarative base a service's: `class Base(ServiceTables, DeclarativeBase)`."""

    type_annotation_map = {UUID: Uuid(), datetime: DateTime(timezone=True), str: Text()}  # noqa: RUF012 - SQLAlchemy's

    def __init_subclass__(cls, **options: Any) -> None:
        if DeclarativeBase in cls.__bases__:
            cls.metadata = service_metadata()
        super().__init_subclass__(**options)

    metadata: MetaData


def tenant_policies(*tables: str) -> None:
    """In a migration: from here on rows show themselves to their own tenant only, even to the tables' owner."""
    for table in tables:
        for statement in tenant_wall(table):
            op.execute(statement)


def tenant_wall(table: str) -> tuple[str, ...]:
    """The statements that build the wall round one table."""
    asking = "(SELECT current_setting('app.tenant', true))"
    mine = f"{asking} IN (tenant, '*')"
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} USING ({mine}) WITH CHECK ({mine})",
    )


class Database:
    """One service's database: an engine for the ORM and Core, and bare connections for hot statements."""

    def __init__(self, engine: AsyncEngine, fast: "asyncpg.Pool[asyncpg.Record]", pool_wait: float) -> None:
        self.engine, self._pool_wait = engine, pool_wait
        self.url = engine.url.render_as_string(hide_password=False)
        self._fast = fast
        self.sessions = async_sessionmaker(engine, expire_on_commit=False)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, name: str = "dovira", pool_size: int = 10, pool_wait: float = POOL_WAIT
    ) -> AsyncIterator[Self]:
        """Pools that fill as they are used, on a server that keeps what it acknowledges."""
        engine = engine_for(url, name=name, pool_size=pool_size, pool_wait=pool_wait)
        fast = asyncpg.create_pool(
            dsn_of(url), min_size=0, max_size=pool_size, timeout=CONNECT_WITHIN, command_timeout=COMMAND_WITHIN,
            connection_class=_TenantConnection, reset=as_it_is,
            server_settings=_server_settings(name) | {"statement_timeout": STATEMENT_WITHIN},
        )  # fmt: skip
        try:
            await _refuse_the_unsafe(engine)
            async with fast:
                yield cls(engine, fast, pool_wait)
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def session(self, tenant: str, *, read_only: bool = False) -> AsyncIterator[AsyncSession]:
        """A transaction that sees one tenant's rows (`*` sees all), committed at the end."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if read_only else {}
        async with self.sessions.begin() as tx:
            connection = await tx.connection(execution_options=options)
            await connection.exec_driver_sql(_ENTER, (_valid(tenant), STATEMENT_WITHIN))
            yield tx

    @asynccontextmanager
    async def begin(self, tenant: str = EVERY_TENANT) -> AsyncIterator[AsyncConnection]:
        """The same on a Core connection, for jobs that go over all tenants."""
        async with self.engine.begin() as connection:
            await connection.exec_driver_sql(_ENTER, (_valid(tenant), STATEMENT_WITHIN))
            yield connection

    @asynccontextmanager
    async def autocommit(self, tenant: str) -> AsyncIterator[FastConnection]:
        """A bare connection on which every statement is a transaction of its own.

        Nothing stays locked while an answer travels back and forth, so a row that hundreds want at once is held for
        microseconds each. The tenant is set before anybody can use the connection, if its last user had another.
        """
        connection = await self._fast.acquire(timeout=self._pool_wait)
        try:
            await cast("_TenantConnection", connection).show(tenant)
            yield connection
        finally:
            await self._fast.release(connection)

    async def answers(self) -> bool:
        """Whether the database is there."""
        try:
            async with self.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except Exception:  # noqa: BLE001 - whatever it is, the answer is no
            return False
        return True


async def bare(tx: AsyncSession) -> FastConnection:
    """The connection under a transaction, for what is written for bare connections to happen in it."""
    raw = await (await tx.connection()).get_raw_connection()
    return cast("FastConnection", raw.driver_connection)


def engine_for(
    url: str, *, name: str = "dovira", pool_size: int = 10, pool_wait: float = POOL_WAIT, **server: str
) -> AsyncEngine:
    """An engine that gives up in time rather than hang."""
    return create_async_engine(
        sqlalchemy_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_wait,
        connect_args={
            "timeout": CONNECT_WITHIN,
            "command_timeout": COMMAND_WITHIN,
            "server_settings": _server_settings(name) | server,
        },
    )


def sqlalchemy_url(url: str) -> URL:
    """Any PostgreSQL address, as SQLAlchemy takes it."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def dsn_of(url: str) -> str:
    """Any PostgreSQL address, as asyncpg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _server_settings(name: str) -> dict[str, str]:
    # Short statements never earn back what compiling them costs.
    return {"application_name": name, "jit": "off", "TimeZone": "UTC"}


async def as_it_is(_: object) -> None:
    """No trip to tidy a connection when it goes back to its pool: what was set on it is known, or set back."""


async def _refuse_the_unsafe(engine: AsyncEngine) -> None:
    """What is acknowledged must survive a crash, and the wall between tenants must hold for this role."""
    try:
        async with engine.connect() as connection:
            found = await connection.exec_driver_sql(
                "SELECT current_setting('server_version_num')::int AS version, "
                "current_setting('synchronous_commit') AS acknowledged, current_setting('fsync') AS synced, "
                "rolsuper OR rolbypassrls AS above, rolname AS role FROM pg_roles WHERE rolname = current_user"
            )
            row = found.one()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        where = engine.url.render_as_string(hide_password=True)
        raise StartRefused(f"The database {where} does not let us in ({type(error).__name__}).") from error
    if row.version < OLDEST:
        raise StartRefused(f"PostgreSQL 15 or newer is needed; this one is {row.version // 10000}.")
    if row.acknowledged not in {"on", "remote_apply"}:
        raise StartRefused(
            f"synchronous_commit is {row.acknowledged}: a crash would lose what was acknowledged. Set it on."
        )
    if row.synced != "on":
        raise StartRefused("fsync is off: a crash would lose what was acknowledged. Set it on.")
    if row.above:
        raise StartRefused(f"The role {row.role} stands above row-level security; a service needs one that does not.")


def _valid(tenant: str) -> str:
    if not _TENANT.fullmatch(tenant):
        raise ValueError("this is not a tenant's name")
    return tenant
