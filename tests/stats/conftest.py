"""Stats' service and client, by explicit dependency; property tests are not timed, for the machine may be busy."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from hypothesis import settings

from libs.kit.service import Running
from tests.conftest import clean, client_of

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest_asyncio.fixture
async def stats_service(stats_running: Running) -> Running:
    """Stats, without a row."""
    await clean(stats_running)
    return stats_running


@pytest_asyncio.fixture
async def stats_client(stats_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Calls stats."""
    async with client_of(stats_service.app, "stats") as opened:
        yield opened
