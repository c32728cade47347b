"""Which server holds the databases: the administrator's, or a private one under the run directory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from libs.kit.errors import StartRefused
from libs.kit.postgres import Cluster
from libs.kit.provision import provision
from libs.kit.settings import KeyedSettings, PlatformSettings, ServiceSettings, read


@contextmanager
def server(platform: PlatformSettings, *, needed: bool = True) -> Iterator[str | None]:
    """An administrator's address, for as long as it is needed; main thread only."""
    if not needed:
        yield None
        return
    if platform.database_url is not None:
        yield platform.database_url.get_secret_value()
        return
    cluster = Cluster.start(platform.run_dir)
    try:
        yield cluster.url
    finally:
        cluster.stop()


async def database_of(name: str, settings: ServiceSettings, admin: str | None) -> str:
    """A service's own database: where its settings say, or provisioned on the server."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    if admin is None:
        raise ValueError("no server to provision on")
    return await provision(admin, name)


async def keys_database_of(name: str, settings: KeyedSettings, admin: str | None) -> str:
    """Where a service's keys are kept: a database and a role beside its own."""
    if settings.keys_url is not None:
        return settings.keys_url.get_secret_value()
    if admin is None:
        raise StartRefused(f"{name.upper()}_DATABASE_URL needs {name.upper()}_KEYS_URL beside it: another database.")
    return await provision(admin, f"{name}_keys")


@contextmanager
def own_database(name: str, kind: type[ServiceSettings]) -> Iterator[str]:
    """One service's database, for a command that runs outside the platform's process."""
    settings = read(kind)
    with server(read(PlatformSettings), needed=settings.database_url is None) as admin:
        yield asyncio.run(database_of(name, settings, admin))
