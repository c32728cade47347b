"""Chat's service and client, by explicit dependency."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from libs.kit.service import Running
from tests.conftest import clean, client_of


@pytest_asyncio.fixture
async def chat_service(chat_running: Running) -> Running:
    """Chat, without a row."""
    await clean(chat_running)
    return chat_running


@pytest_asyncio.fixture
async def chat_client(chat_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Calls chat."""
    async with client_of(chat_service.app, "chat") as opened:
        yield opened
