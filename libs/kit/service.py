"""A service: described once, opened as often as one likes, in one process with others or alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI
from sqlalchemy import MetaData
from starlette.middleware.cors import CORSMiddleware

from libs.bus import Bus, Consumers, Projection, Rebuildable
from libs.bus.log import EventLog
from libs.kit import health
from libs.kit.auth import Verifier
from libs.kit.edge import Edge
from libs.kit.http import Router
from libs.kit.jobs import FORGET_ANSWERS, Job, keep_running
from libs.kit.metrics import READY
from libs.kit.openapi import describe
from libs.kit.pagination import Signer
from libs.kit.problems import any_4xx, render_problems
from libs.kit.settings import PlatformSettings, ServiceSettings, read
from libs.kit.sql import Database

EXPOSED = ["ETag", "Link", "Location", "Retry-After", "Idempotency-Replayed", "traceparent"]
log = structlog.get_logger()

Lifespan = Callable[["Running"], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service is. Opens nothing."""

    name: str
    title: str
    router: Router
    metadata: MetaData
    settings: type[ServiceSettings] = ServiceSettings
    describe: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    subscribers: Sequence[Consumers | Projection | Rebuildable] = ()
    jobs: Sequence[Job] = ()
    lifespan: Lifespan | None = None
    jobs_with: Callable[["Running"], Sequence[Job]] | None = None  # jobs that need what the service has opened

    @property
    def migrations(self) -> str:
        """Where its schema's history is kept."""
        return f"services/{self.name}/migrations"

    @asynccontextmanager
    async def open(self, around: "Surroundings", url: str, keys_url: str | None = None) -> AsyncIterator["Running"]:
        """Run this service on a database of its own; on leaving, everything it opened is closed again."""
        settings = read(self.settings)
        async with AsyncExitStack() as opened:
            database = await opened.enter_async_context(
                Database.open(
                    url,
                    name=f"dovira-{self.name}",
                    pool_size=around.platform.pool_size,
                    pool_wait=around.platform.pool_wait,
                )
            )
            running = Running(self, around, database, settings, keys_url)
            opened.push_async_callback(running.close)
            await running.start(opened)
            yield running


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the services of one process share."""

    platform: PlatformSettings
    verifier: Verifier
    signer: Signer
    log: EventLog | None = None
    serves: bool = True
    works: bool = True


class Running:
    """A service that is open: its database, its application, its bus and its jobs."""

    def __init__(
        self, service: Service, around: Surroundings, database: Database, settings: ServiceSettings,
        keys_url: str | None = None,
    ) -> None:  # fmt: skip
        self.service = service
        self.keys_url = keys_url
        self.around = around
        self.platform = around.platform
        self.verifier = around.verifier
        self.signer = around.signer
        self.database = database
        self.settings = settings
        self.bus: Bus | None = None
        self.resources: Any = None
        self.started = False
        self.closing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.app = application(service, around.platform, self, serves=around.serves)

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.name

    async def start(self, opened: AsyncExitStack) -> None:
        """Open what the service brings, then hear events and run jobs, where this process does that."""
        if self.service.lifespan:
            self.resources = await opened.enter_async_context(self.service.lifespan(self))
        if self.around.works:
            await self._work(opened)
        self.started = True
        READY.labels(self.name).set(1)

    async def _work(self, opened: AsyncExitStack) -> None:
        if self.around.log is not None:
            self.bus = await opened.enter_async_context(
                Bus(self.name, self.database.engine, self.around.log, self.service.subscribers)
            )
        extra = self.service.jobs_with(self) if self.service.jobs_with else ()
        self._tasks = [
            asyncio.create_task(
                keep_running(self.name, job, self.database, self.closing), name=f"{self.name} {job.name}"
            )
            for job in (*self.service.jobs, *extra, FORGET_ANSWERS)
        ]

    def wind_down(self) -> None:
        """Turn unready and tell streams and jobs; the first thing on the way out."""
        READY.labels(self.name).set(0)
        self.closing.set()

    async def close(self) -> None:
        """Let jobs end what they are doing, but not for long."""
        self.wind_down()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=1.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def application(
    service: Service, platform: PlatformSettings, running: Running | None = None, *, serves: bool = True
) -> FastAPI:
    """The service's HTTP side; a worker has the probes only."""
    docs = platform.docs if platform.docs is not None else not platform.production
    app = FastAPI(
        title=service.title,
        description=service.describe,
        version="1",
        generate_unique_id_function=lambda route: route.name,
        responses={"4XX": any_4xx()},
        docs_url="/docs" if docs else None,
        redoc_url=None,
        openapi_url="/openapi.json" if docs else None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.service = running
    if serves:
        app.include_router(service.router)
    health.add_probes(app)
    render_problems(app)
    describe(app, service.tags, at=f"/{service.name}")
    if platform.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(platform.origins), allow_methods=["*"], allow_headers=["*"],
            expose_headers=EXPOSED, max_age=600,
        )  # fmt: skip
    app.add_middleware(Edge, service=service.name)
    return app
