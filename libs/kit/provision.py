"""A database and a role for each service, on whatever server an administrator gives us."""

import hashlib
import hmac

import asyncpg
from sqlalchemy import make_url

from libs.kit.errors import StartRefused
from libs.kit.sql import CONNECT_WITHIN, dsn_of

ROLE = "dovira_{}"


async def provision(admin: str, service: str, *, database: str | None = None) -> str:
    """Create the service's role and database where missing; the address under which the service uses them."""
    role = ROLE.format(service)
    database = database or role
    password = _password(admin, service)
    connection = await administrator(admin)
    try:
        # Services start side by side; two CREATEs of the same name would race.
        await connection.execute("SELECT pg_advisory_lock(hashtext('dovira provisioning'))")
        await _role(connection, role, password)
        await _database(connection, database, role)
    finally:
        await connection.close()
    return address(admin, service, database=database)


async def administrator(admin: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection that may create roles and databases, or a sentence saying why not."""
    try:
        return await asyncpg.connect(dsn_of(admin), timeout=CONNECT_WITHIN)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        where = make_url(admin).render_as_string(hide_password=True)
        raise StartRefused(f"The database server {where} does not let us in ({type(error).__name__}).") from error


def address(admin: str, service: str, *, database: str | None = None) -> str:
    """Where a provisioned service finds its database."""
    role = ROLE.format(service)
    url = make_url(admin).set(username=role, password=_password(admin, service), database=database or role)
    return url.render_as_string(hide_password=False)


async def _role(connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str | None) -> None:
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS")
    if password:
        await connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")


async def _database(connection: "asyncpg.Connection[asyncpg.Record]", database: str, role: str) -> None:
    if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
        return
    # An administrator who is no superuser may give a database away only to a role it belongs to.
    if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        await connection.execute(f"GRANT {role} TO CURRENT_USER")
    await connection.execute(f"CREATE DATABASE {database} OWNER {role}")
    await connection.execute(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")


def _password(admin: str, service: str) -> str | None:
    """Derived, so that nobody has to keep it; our own cluster trusts its socket and needs none."""
    known = make_url(admin).password
    if not known:
        return None
    return hmac.new(str(known).encode(), f"dovira {service}".encode(), hashlib.sha256).hexdigest()
