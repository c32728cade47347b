"""What a resume costs the database: whole crowds of devices come back at once when an instance goes."""

from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest_asyncio

from tests.bus.saying import eventually
from tests.chat.scenes import conversation, say
from tests.chat.sockets import Line, ticket, wired
from tests.chat.trips import Trips, counted
from tests.people import ANNA, OLENA


class Counted(Line):
    """Devices of a second instance, which neither looks nor hints, and whose trips are counted."""

    def __init__(self, url: str, http: Any, as_: Any, hub: Any, trips: Trips) -> None:
        super().__init__(url, http, as_)
        self._hub, self._trips = hub, trips

    async def resumed(self, talk: Any, *, beside: int = 0) -> int:
        """How many trips it takes from the hello to the last message that a device lacks."""
        async with wired(self.url, talk) as phone:
            token, before = await ticket(self.http, self.as_(OLENA), talk), self._trips.count
            await phone.tell(type="hello", ticket=token, after_seq=2)
            await phone.until(5)
            needed = self._trips.count - before
            assert phone.seqs == [3, 4, 5]
        await eventually(lambda: sum(hall.visits for hall in self._hub._halls.values()) == beside)
        return needed


@pytest_asyncio.fixture
async def second(chat_service: Any, surroundings: Any) -> AsyncIterator[tuple[Any, Trips]]:
    async with (
        counted(str(chat_service.database.url)) as (url, trips),
        chat_service.service.open(surroundings, url, chat_service.keys_url) as running,
    ):
        yield running, trips


@pytest_asyncio.fixture
async def line(second: tuple[Any, Trips], chat_client: Any, as_: Any, serve: Any, monkeypatch: Any) -> Counted:
    running, trips = second
    hub = running.resources.hub
    monkeypatch.setattr(hub, "_look", AsyncMock())
    monkeypatch.setattr(hub._wires, "send", Mock())
    return Counted(await serve(running.app), chat_client, as_, hub, trips)


async def test_a_resume_takes_five_trips_to_the_database_and_one_more_for_what_is_not_at_hand(
    line: Counted, chat_service: Any
):
    """Begin, tenant, ticket with room, ledger, commit; then the messages with who may read them."""
    talk = await conversation(chat_service)
    for number in range(5):
        await say(line.http, line.as_(ANNA), talk, f"{number}")
    await line.resumed(talk)  # statements are prepared once, and a bare connection is told its tenant once
    assert await line.resumed(talk) == 6
    async with line.open(ANNA, talk):
        assert [await line.resumed(talk, beside=1) for _ in range(2)] == [5, 5]
