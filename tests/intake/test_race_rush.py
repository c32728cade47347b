"""More presses at once than an instance can answer."""

from contextlib import AsyncExitStack

import httpx
import pytest

from libs.kit.service import Running
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA


async def test_b10_a_press_that_an_instance_has_no_time_for_is_told_so_and_can_be_repeated(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not taken in: it has no place among the others, and its repeat is the first to be answered."""
    await joined(intake_service, [ANNA, BORIS])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    monkeypatch.setattr(intake_service.database, "_pool_wait", 0.1)
    async with AsyncExitStack() as everything:
        for _ in range(intake_service.platform.pool_size):
            await everything.enter_async_context(intake_service.database.autocommit("therapy"))
        busy = await press(intake_client, as_, BORIS, request, key="once")
    assert (busy.status_code, busy.json()["code"]) == (503, "database_away")
    assert int(busy.headers["Retry-After"]) >= 1
    again = [(await press(intake_client, as_, BORIS, request, key="once")).json()["receipt"] for _ in range(2)]
    assert [each["order"] for each in again] == [2, 2]
    seen = (await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))).json()
    assert seen["accepted_by"] == str(ANNA.id)
