"""Which server holds the databases: the administrator's, or a private one under the run directory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from libs.kit.postgres import Cluster
from libs.kit.provision import provision
from libs.kit.settings import PlatformSettings, ServiceSettings, read


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


@contextmanager
def own_database(name: str, kind: type[ServiceSettings]) -> Iterator[str]:
    """One service's database, for a command that runs outside the platform's process."""
    settings = read(kind)
    with server(read(PlatformSettings), needed=settings.database_url is None) as admin:
        yield asyncio.run(database_of(name, settings, admin))
