"""The whole platform in one process, over real HTTP, on the embedded log and on a real Kafka."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from libs.bus import all_quiet, clock
from libs.bus.ids import uuid7
from libs.kit.auth import Principal
from libs.kit.postgres import Cluster
from libs.kit.settings import PlatformSettings
from libs.kit.together import Together, together
from tests.people import OLENA, OMAR

SERVICES = ("intake", "chat", "stats", "support")


@pytest.fixture(scope="module", params=["local", "kafka"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PlatformSettings:
    bootstrap = request.getfixturevalue("kafka") if request.param == "kafka" else None
    return PlatformSettings(
        env="test", run_dir=tmp_path_factory.mktemp("journey"), public_url="http://dovira.test",
        kafka_bootstrap=bootstrap, pool_size=20, pool_wait=30,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cluster(settings: PlatformSettings) -> Iterator[str]:
    running = Cluster.start(Path(settings.run_dir))
    yield running.url
    running.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def everything(settings: PlatformSettings, cluster: str) -> AsyncIterator[Together]:
    services = [importlib.import_module(f"services.{name}").service for name in SERVICES]
    async with together(services, settings, cluster) as opened:
        await _patient(opened)
        yield opened


async def _patient(everything: Together) -> None:
    """A winner may be silent for an hour: on a busy machine nobody else may win what a test has yet to go on with."""
    change = {"changes": {"race": {"chat_answer_within": "PT1H", "phone_answer_within": "PT1H"}}}
    transport = httpx.ASGITransport(everything.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://dovira.test") as http:
        answer = await Call(http, everything)(OMAR, "POST", "/intake/v1/policies", json=change)
    assert answer.status_code == 201, answer.text


class Call:
    """Speaks to the platform as somebody."""

    def __init__(self, http: httpx.AsyncClient, everything: Together) -> None:
        self._http, self.everything = http, everything

    async def __call__(self, who: Principal, method: str, path: str, **options: Any) -> httpx.Response:
        assert self.everything.issuer is not None
        headers = {"Authorization": f"Bearer {self.everything.issuer.token(who)}", "Idempotency-Key": uuid7().hex}
        headers |= options.pop("headers", {})
        return await self._http.request(method, path, headers=headers, **options)

    async def opened(self) -> str:
        body = {"kind": "chat", "category": "anxiety", "locale": "uk"}
        answer = await self(OLENA, "POST", "/intake/v1/requests", json=body)
        assert answer.status_code == 201, answer.text
        request_id: str = answer.json()["id"]
        return request_id

    async def joined(self, count: int) -> list[Principal]:
        people = [Principal(uuid7(), "therapy", "specialist", frozenset({"specialist"})) for _ in range(count)]
        for first in range(0, count, 20):
            await asyncio.gather(*map(self._on_duty, people[first : first + 20]))
        return people

    async def _on_duty(self, who: Principal) -> None:
        assert (await self(who, "POST", "/intake/v1/specialists")).status_code == 201
        duty = {"until": (clock.now() + timedelta(hours=2)).isoformat()}
        assert (await self(who, "PUT", "/intake/v1/duty", json=duty)).status_code == 200

    async def at_rest(self) -> None:
        buses = [running.bus for running in self.everything.running.values() if running.bus]
        assert await all_quiet(buses, within=180)


@pytest_asyncio.fixture
async def call(everything: Together, serve: Callable[[Any], Any]) -> AsyncIterator[Call]:
    limits = httpx.Limits(max_connections=250)
    async with AsyncExitStack() as stack:
        url = await serve(everything.app)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, limits=limits, timeout=180))
        yield Call(http, everything)
