"""The sample service, running."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from libs.kit.service import Running, Surroundings
from tests.conftest import clean, client_of
from tests.kit import sample


@pytest_asyncio.fixture(scope="session")
async def sample_running(surroundings: Surroundings, database_for: Any, tables_only: Any) -> AsyncIterator[Running]:
    """Open for the whole run."""
    url = await database_for("sample", tables_only(sample.Base.metadata))
    async with sample.service.open(surroundings, url) as running:
        yield running


@pytest_asyncio.fixture
async def sample_service(sample_running: Running) -> Running:
    """Without rows."""
    await clean(sample_running)
    return sample_running


@pytest_asyncio.fixture
async def sample_client(sample_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the sample."""
    async with client_of(sample_service.app, "sample") as client:
        yield client
