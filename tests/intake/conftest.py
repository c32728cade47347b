"""Intake's service and client, by explicit dependency."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from libs.kit.service import Running
from tests.conftest import clean, client_of


@pytest_asyncio.fixture
async def intake_service(intake_running: Running) -> Running:
    """Intake, without a row."""
    await clean(intake_running)
    return intake_running


@pytest_asyncio.fixture
async def intake_client(intake_service: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Calls intake."""
    async with client_of(intake_service.app, "intake") as opened:
        yield opened
