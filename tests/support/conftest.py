"""Support's service and client, by explicit dependency, and the people at its desk."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from libs.kit.service import Running
from tests.conftest import clean, client_of
from tests.people import ANNA, BORIS, MARTA, SOFIA
from tests.support.scenes import Desk


@pytest_asyncio.fixture
async def support_service(support_running: Running) -> Running:
    """Support, without a row."""
    await clean(support_running)
    return support_running


@pytest_asyncio.fixture
async def support_client(support_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Calls support."""
    async with client_of(support_service.app, "support") as opened:
        yield opened


@pytest.fixture
def anna(support_client: Any, as_: Any) -> Desk:
    """A specialist who asks."""
    return Desk(support_client, as_(ANNA))


@pytest.fixture
def boris(support_client: Any, as_: Any) -> Desk:
    """Another specialist."""
    return Desk(support_client, as_(BORIS))


@pytest.fixture
def marta(support_client: Any, as_: Any) -> Desk:
    """An agent of support."""
    return Desk(support_client, as_(MARTA))


@pytest.fixture
def sofia(support_client: Any, as_: Any) -> Desk:
    """Her supervisor, who decides as well."""
    return Desk(support_client, as_(SOFIA))
