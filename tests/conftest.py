"""One private PostgreSQL for the whole run, a migrated template per service, a copy per worker, one cast of people."""

import asyncio
import contextlib
import importlib
import inspect
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog
import uvicorn
from hypothesis import HealthCheck, settings
from prometheus_client import generate_latest
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from libs.kit import keyring, logs, sql
from libs.kit.auth import Keys, Principal, Verifier
from libs.kit.issuer import DevIssuer
from libs.kit.keyring import KeyRing
from libs.kit.migrate import upgrade
from libs.kit.pagination import Signer
from libs.kit.postgres import Cluster
from libs.kit.provision import administrator, provision
from libs.kit.server import config_for
from libs.kit.service import Running, Service, Surroundings
from libs.kit.settings import KeyedSettings, PlatformSettings
from tests.canary import Aviary, events_keep_quiet, leaked, refusals_keep_quiet

# Property tests are not timed, for the machine may be busy.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
pytest_plugins = ["tests.kafka", "tests.s3"]
OURS = ("DOVIRA_", "INTAKE_", "CHAT_", "STATS_", "SUPPORT_", "COURIER_")
POSTGRES = "TEST_POSTGRES"
AVIARY = Aviary()
Migrate = Callable[[str], Any]


def pytest_configure(config: pytest.Config) -> None:
    """Whatever a developer has set for their own run is not for tests; workers share one PostgreSQL."""
    for name in [name for name in os.environ if name.startswith(OURS) or name in {"DATABASE_URL", "KAFKA_BOOTSTRAP"}]:
        del os.environ[name]
    os.environ["ENV"] = "test"
    os.environ["CHAT_MESSAGES_AT_ONCE"] = "1000"  # a test writes faster than a person
    _be_patient(pytest.MonkeyPatch())
    _listen_to_logs()
    if getattr(config.option, "numprocesses", None) and not config.option.collectonly:
        # Only the controller gets here with a number of processes: workers inherit the address.
        run_dir = Path(tempfile.mkdtemp(prefix="dovira-"))
        cluster = Cluster.start(run_dir)
        os.environ[POSTGRES] = cluster.url
        config.add_cleanup(lambda: _end(cluster, run_dir))


def _be_patient(patched: pytest.MonkeyPatch) -> None:
    """A busy machine is no outage: what gives up within seconds at work waits longer here."""
    patched.setattr(sql, "STATEMENT_WITHIN", "25s")
    patched.setattr(sql, "CONNECT_WITHIN", 30.0)
    for name in ("CONNECT_WITHIN", "KEY_WITHIN", "POOL_WAIT"):
        patched.setattr(keyring, name, 30.0)


def _listen_to_logs() -> None:
    """Every line is written as in production, and read by nobody but the look-out for what should not be in it."""
    logs.configure(level="info")
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=AVIARY))
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(AVIARY)


@pytest.fixture(autouse=True, scope="session")
def nothing_confided_gets_out() -> Iterator[None]:
    """Neither in a log line nor in a metric, over the whole run."""
    yield
    assert AVIARY.found == []
    assert leaked(generate_latest().decode()) == []


def _end(cluster: Cluster, run_dir: Path) -> None:
    cluster.stop()
    shutil.rmtree(run_dir, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Tests talk to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise PermissionError(f"a test wants to talk to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """An administrator's address of the run's PostgreSQL."""
    if POSTGRES in os.environ:
        yield os.environ[POSTGRES]
        return
    run_dir = Path(tempfile.mkdtemp(prefix="dovira-"))
    cluster = Cluster.start(run_dir)
    yield cluster.url
    _end(cluster, run_dir)


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> PlatformSettings:
    """The settings of the test process."""
    return PlatformSettings(
        env="test",
        run_dir=tmp_path_factory.mktemp("run"),
        public_url="http://dovira.test",
        pool_size=12,
        pool_wait=30,  # a busy machine with coverage on is slow, and a race that ends in 503 proves nothing
    )


@pytest.fixture(scope="session")
def issuer(platform: PlatformSettings) -> DevIssuer:
    """Vouches for the cast."""
    return DevIssuer(platform)


@pytest.fixture(scope="session")
def token(issuer: DevIssuer) -> Callable[[Principal], str]:
    """An access token for somebody."""
    return issuer.token


@pytest.fixture(scope="session")
def as_(token: Callable[[Principal], str]) -> Callable[..., dict[str, str]]:
    """Headers of a request by somebody; a `key` becomes their Idempotency-Key."""

    def headers(person: Principal, *, key: str | None = None) -> dict[str, str]:
        found = {"Authorization": f"Bearer {token(person)}"}
        return found | {"Idempotency-Key": key} if key else found

    return headers


@pytest_asyncio.fixture(scope="session")
async def surroundings(platform: PlatformSettings, issuer: DevIssuer) -> AsyncIterator[Surroundings]:
    """What services share: tokens are proved through real discovery and keys; no bus and no jobs run."""
    async with issuer.client() as client:
        verifier = Verifier(Keys(issuer.issuer, client), issuer=issuer.issuer, audience=platform.audience)
        yield Surroundings(platform=platform, verifier=verifier, signer=Signer(b"tests sign with this"), works=False)


@pytest.fixture(scope="session")
def database_for(postgres: str, worker: str) -> Callable[[str, Migrate], Any]:
    """How to get an empty database: a copy of a template that was migrated once, by whichever worker came first."""

    async def copy(name: str, migrate: Migrate) -> str:
        template, mine = f"template_{name}", f"dovira_{name}_{worker}"
        admin = await administrator(postgres)
        try:
            await admin.execute("SELECT pg_advisory_lock(hashtext('templates of ' || $1))", name)
            if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", template):
                await migrate(await provision(postgres, name, database=f"{template}_draft"))
                await admin.execute(f"ALTER DATABASE {template}_draft RENAME TO {template}")
            await admin.execute(f"CREATE DATABASE {mine} TEMPLATE {template} OWNER dovira_{name}")
        finally:
            await admin.close()
        return await provision(postgres, name, database=mine)

    return copy


@pytest.fixture(scope="session")
def judges() -> Path:
    """Where the outside judges are that npm brings; without them their tests are skipped, and in CI they fail."""
    found = Path("tests/judges")
    if not (found / "node_modules").exists():
        if os.environ.get("CI"):
            pytest.fail("the judges are not installed: npm ci --ignore-scripts in tests/judges")
        pytest.skip("the judges are not installed (npm ci --ignore-scripts in tests/judges); CI requires them")
    return found


@pytest.fixture(scope="session")
def worker() -> str:
    """Which of the test processes this is."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


async def clean(running: Running) -> None:
    """Leave no rows. Most tables have none, and emptying those, too, would be what a test mostly does."""
    tables = [table.name for table in running.service.metadata.sorted_tables]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM \"{name}\")" for name in tables)  # noqa: S608 - our names
    for _ in range(5):
        try:
            async with running.database.begin() as connection:
                named = (await connection.exec_driver_sql(filled)).scalars().all()
                if named:
                    listed = ", ".join(f'"{name}"' for name in named)
                    await connection.exec_driver_sql(f"TRUNCATE {listed} RESTART IDENTITY CASCADE")
        except DBAPIError as error:
            if "deadlock" not in str(error):  # a service that reads by itself may be in the way for a moment
                raise
        else:
            return
    raise TimeoutError("the tables cannot be emptied")


def _open(name: str) -> Any:
    @pytest_asyncio.fixture(scope="session", name=f"{name}_running")
    async def running(surroundings: Surroundings, database_for: Any) -> AsyncIterator[Running]:
        service: Service = importlib.import_module(f"services.{name}").service
        url = await database_for(name, lambda url: upgrade(service, url))
        keyed = issubclass(service.settings, KeyedSettings)
        keys_url = await database_for(f"{name}_keys", KeyRing.prepare) if keyed else None
        async with service.open(surroundings, url, keys_url) as opened:
            yield opened

    return running


def _cleaned(name: str) -> Any:
    async def service(**running: Running) -> AsyncIterator[Running]:
        (opened,) = running.values()
        await clean(opened)
        yield opened
        await events_keep_quiet(opened.database.engine)

    return _asking_for(f"{name}_running", service, f"{name}_service")


def _asking_for(needed: str, fixture: Any, name: str) -> Any:
    """A fixture whose one dependency has a name that is made here."""
    fixture.__signature__ = inspect.Signature([inspect.Parameter(needed, inspect.Parameter.KEYWORD_ONLY)])
    return pytest_asyncio.fixture(fixture, name=name)


def client_of(app: ASGIApp, name: str, **options: Any) -> httpx.AsyncClient:
    """Calls an application as if it were mounted in the whole platform."""
    mounted = Starlette(routes=[Mount(f"/{name}", app)])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(mounted), base_url=f"http://dovira.test/{name}/v1", **options
    )


def _client(name: str) -> Any:
    async def client(**service: Running) -> AsyncIterator[httpx.AsyncClient]:
        (opened,) = service.values()
        async with client_of(opened.app, name, event_hooks={"response": [refusals_keep_quiet]}) as http:
            yield http

    return _asking_for(f"{name}_service", client, f"{name}_client")


intake_running, intake_service, intake_client = _open("intake"), _cleaned("intake"), _client("intake")
chat_running, chat_service, chat_client = _open("chat"), _cleaned("chat"), _client("chat")
stats_running, stats_service, stats_client = _open("stats"), _cleaned("stats"), _client("stats")
support_running, support_service, support_client = _open("support"), _cleaned("support"), _client("support")


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[ASGIApp], Any]]:
    """How to put an application on a real server on a free port, for streams and sockets; gives its address."""
    async with contextlib.AsyncExitStack() as opened:

        async def start(app: ASGIApp) -> str:
            return await opened.enter_async_context(_served(app))

        yield start


@contextlib.asynccontextmanager
async def _served(app: ASGIApp) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = config_for(app)
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def tables_only() -> Callable[[MetaData], Migrate]:
    """Instead of migrations, for services that exist in tests only."""

    def migrate_with(metadata: MetaData) -> Migrate:
        async def migrate(url: str) -> None:
            from libs.kit.sql import engine_for  # noqa: PLC0415

            engine = engine_for(url)
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
            await engine.dispose()

        return migrate

    return migrate_with
