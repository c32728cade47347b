"""All services in one process, or the ones that were named: one server, one log, one issuer."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from libs.bus.kafka import KafkaLog
from libs.bus.local import LocalLog
from libs.bus.log import EventLog
from libs.kit.auth import Keys, Verifier
from libs.kit.databases import database_of, keys_database_of
from libs.kit.errors import StartRefused
from libs.kit.issuer import DevIssuer
from libs.kit.kept import kept
from libs.kit.keyring import KeyRing
from libs.kit.metrics import scrape
from libs.kit.migrate import behind, upgrade
from libs.kit.pagination import Signer
from libs.kit.problems import of_status
from libs.kit.provision import provision
from libs.kit.service import Running, Service, Surroundings
from libs.kit.settings import KeyedSettings, PlatformSettings, read
from libs.kit.sql import engine_for

ISSUER_ANSWERS_WITHIN = 3.0
log = structlog.get_logger()


@dataclass
class Together:
    """What runs in this process."""

    platform: PlatformSettings
    running: dict[str, Running]
    app: Starlette
    log: EventLog | None
    issuer: DevIssuer | None

    def wind_down(self) -> None:
        """Say to all that the end is near."""
        for running in self.running.values():
            running.wind_down()


@asynccontextmanager
async def together(
    services: Sequence[Service],
    platform: PlatformSettings,
    admin: str | None,
    *,
    serves: bool = True,
    works: bool = True,
) -> AsyncIterator[Together]:
    """Open services beside one another; on leaving, all are closed, the last opened first."""
    async with AsyncExitStack() as opened:
        issuer, verifier = await _identity(platform, opened)
        signer = Signer(_secret(platform))
        events = await _event_log(platform, admin, opened) if works and services else None
        around = Surroundings(
            platform=platform, verifier=verifier, signer=signer,
            log=events, serves=serves, works=works,
        )  # fmt: skip
        running: dict[str, Running] = {}
        for service in services:
            url = await database_of(service.name, read(service.settings), admin)
            await _schema(service, url, platform)
            keys_url = await _keys(service, admin)
            running[service.name] = await opened.enter_async_context(service.open(around, url, keys_url))
        yield Together(platform, running, _root(running, issuer), events, issuer)


async def _identity(platform: PlatformSettings, opened: AsyncExitStack) -> tuple[DevIssuer | None, Verifier]:
    built_in = DevIssuer(platform) if platform.issuer is None else None
    client = built_in.client() if built_in else httpx.AsyncClient(timeout=ISSUER_ANSWERS_WITHIN, trust_env=False)
    await opened.enter_async_context(client)
    issuer = platform.issuer or f"{platform.base_url}/auth"
    verifier = Verifier(
        Keys(issuer, client), issuer=issuer, audience=platform.audience,
        algorithms=platform.algorithms, roles_claim=platform.roles_claim,
    )  # fmt: skip
    return built_in, verifier


async def _event_log(platform: PlatformSettings, admin: str | None, opened: AsyncExitStack) -> EventLog:
    if platform.kafka_bootstrap:
        events: EventLog = KafkaLog(platform.kafka_bootstrap, replication=platform.kafka_replication)
        await _in_background(_prepare(events), opened)
    else:
        if admin is None:
            raise StartRefused("Without KAFKA_BOOTSTRAP the log needs DATABASE_URL.")
        local = LocalLog(engine_for(await provision(admin, "bus"), name="dovira-log", pool_size=platform.pool_size))
        await local.prepare()
        await _in_background(_forget(local), opened)
        events = local
    opened.push_async_callback(events.close)
    return events


async def _prepare(events: EventLog) -> None:
    """A broker that is away delays events, not requests."""
    while True:
        try:
            await events.prepare()
        except Exception as error:
            log.warning("log.away", exc_info=error)
            await asyncio.sleep(2)
        else:
            return


async def _forget(events: LocalLog) -> None:
    while True:
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        try:
            await events.forget()
        except Exception as error:
            log.exception("log.not_pruned", exc_info=error)


async def _in_background(work: Awaitable[None], opened: AsyncExitStack) -> None:
    task = asyncio.ensure_future(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    opened.push_async_callback(end)


async def _schema(service: Service, url: str, platform: PlatformSettings) -> None:
    if platform.migrate if platform.migrate is not None else not platform.production:
        await upgrade(service, url)
    elif await behind(service, url):
        raise StartRefused(f"The database of {service.name} is not at the newest schema: python -m services migrate.")


async def _keys(service: Service, admin: str | None) -> str | None:
    settings = read(service.settings)
    if not isinstance(settings, KeyedSettings):
        return None
    url = await keys_database_of(service.name, settings, admin)
    await KeyRing.prepare(url)
    return url


def _secret(platform: PlatformSettings) -> bytes:
    if platform.secret is not None:
        return platform.secret.get_secret_value().encode()
    if platform.production:
        raise StartRefused(
            "In production, DOVIRA_SECRET must be set: 16 characters or more, the same for all replicas."
        )
    # A page turned before a restart still turns after it.
    return kept(platform.run_dir / "secret", lambda: secrets.token_hex(32)).encode()


def _root(running: dict[str, Running], issuer: DevIssuer | None) -> Starlette:
    async def index(_: Request) -> Response:
        return JSONResponse(
            {
                "services": {
                    name: {"title": each.service.title, "docs": f"/{name}/docs"} for name, each in running.items()
                },
                "auth": "/auth/.well-known/openid-configuration" if issuer else None,
                "metrics": "/metrics",
            }
        )

    async def problem(request: Request, error: Exception) -> Response:
        return of_status(error.status_code if isinstance(error, HTTPException) else 500, request.url.path)

    async def livez(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        closing = [name for name, each in running.items() if each.closing.is_set() or not each.started]
        return JSONResponse({"status": "unavailable" if closing else "ok"}, status_code=503 if closing else 200)

    mounts = [Mount(f"/{name}", each.app) for name, each in running.items()]
    auth = [Mount("/auth", issuer.app)] if issuer else []
    probes = [Route("/", index), Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", scrape)]
    return Starlette(routes=[*probes, *mounts, *auth], exception_handlers={HTTPException: problem})
