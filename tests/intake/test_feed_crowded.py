"""The feed of a house in which more is open than is shown."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from libs.kit.service import Running
from services.intake.api.hub import Hub
from services.intake.domain import Racer
from services.intake.settings import Settings
from tests.intake.cast import As, opened
from tests.people import BORIS, OLENA

SHOWN = 10
Open = Callable[[int], Coroutine[Any, Any, list[str]]]
Withdraw = Callable[..., Coroutine[Any, Any, None]]


@pytest.fixture
def open_(intake_client: httpx.AsyncClient, as_: As) -> Open:
    """So many more requests, one after the other."""

    async def more(count: int) -> list[str]:
        return [str((await opened(intake_client, as_))["id"]) for _ in range(count)]

    return more


@pytest.fixture
def withdraw(intake_client: httpx.AsyncClient, as_: As) -> Withdraw:
    """Their client takes these back."""

    async def back(*requests: str) -> None:
        for each in requests:
            answer = await intake_client.post(f"requests/{each}/withdrawal", headers=as_(OLENA))
            assert answer.is_success

    return back


@pytest_asyncio.fixture
async def hub(intake_service: Running) -> AsyncIterator[Hub]:
    """An instance that was there from the beginning, and looks when a test says so."""
    yield await instance(intake_service)


async def instance(intake: Running) -> Hub:
    found = Hub(intake.database, Settings(feed_shows=SHOWN))
    await found.load()
    return found


async def look(hub: Hub, intake: Running) -> None:
    """Until it has seen everything: what another instance numbers at this moment comes with the next look."""
    while True:
        await hub.look()
        async with intake.database.session("*") as tx:
            behind = "SELECT EXISTS (SELECT FROM feed_log WHERE position IS NULL OR position > :top)"
            if not await tx.scalar(text(behind), {"top": hub._top}):
                return


class Browser:
    """Keeps to the specification of server-sent events: the cards that it shows, and where it would go on."""

    def __init__(self, hub: Hub, last_id: str = "", shows: list[str] | None = None) -> None:
        self._hub, self.last_id, self.shows, self.resets = hub, last_id, shows or [], 0

    async def open(self) -> "Browser":
        before = set(self._hub._readers["therapy"])
        self._stream: AsyncGenerator[bytes] = await self._hub.read(
            "therapy", Racer(BORIS.id), int(self.last_id) if self.last_id else None
        )
        [self._reader] = self._hub._readers["therapy"] - before
        return await self.read()

    async def read(self) -> "Browser":
        """All that waits for it."""
        while self._reader.behind or self._reader.waiting:
            self.take(await anext(self._stream))
        return self

    async def cut(self, after: bytes) -> "Browser":
        """Read no further than this, and lose the connection."""
        data = await anext(self._stream)
        self.take(data[: data.index(after) + len(after)])
        await self._stream.aclose()
        return self

    async def moved_to(self, hub: Hub) -> "Browser":
        """Another instance goes on, from where this one was left."""
        await self._stream.aclose()
        return await Browser(hub, self.last_id, list(self.shows)).open()

    def take(self, data: bytes) -> None:
        for block in data.decode().split("\n\n")[:-1]:
            lines = {name: value.strip() for name, _, value in (line.partition(":") for line in block.split("\n"))}
            self.last_id = lines.get("id", self.last_id)
            request = lines.get("data", "")[7:43]
            match lines.get("event"):
                case "reset":
                    self.shows, self.resets = [], self.resets + 1
                case "request" if request not in self.shows:
                    self.shows.append(request)
                case "gone" if request in self.shows:
                    self.shows.remove(request)
                case _:
                    pass


async def test_a_new_reader_is_shown_older_cards_again_once_newer_ones_went(
    hub: Hub, intake_service: Running, open_: Open, withdraw: Withdraw
) -> None:
    """However many came and went, on every instance: the newest that are really open, the oldest of them first."""
    requests = await open_(3 * SHOWN)
    await look(hub, intake_service)
    for gone in (requests[-1:], requests[5:-1:2], requests[-12:-1]):
        await withdraw(*(each for each in gone if each in requests))
        requests = [each for each in requests if each not in gone]
        await look(hub, intake_service)
        for where in (hub, await instance(intake_service)):
            assert (await Browser(where).open()).shows == requests[-SHOWN:]


async def test_who_is_connected_is_shown_an_older_card_in_the_place_of_one_that_went(
    hub: Hub, intake_service: Running, open_: Open, withdraw: Withdraw
) -> None:
    """Nobody who waits is hidden from those who were there first; and nothing that was shown is taken away."""
    requests = await open_(SHOWN + 3)
    await look(hub, intake_service)
    browser = await Browser(hub).open()
    await withdraw(requests[5], requests[-1])
    await look(hub, intake_service)
    await browser.read()
    assert sorted(browser.shows) == sorted({*requests[1:]} - {requests[5], requests[-1]})
    assert browser.resets == 1
    [newest] = await open_(1)
    await look(hub, intake_service)
    await browser.read()
    assert browser.shows[-1] == newest
    assert len(browser.shows) == SHOWN + 1


async def test_a_rush_that_takes_more_than_an_instance_holds_leaves_nobody_before_an_empty_feed(
    hub: Hub, intake_service: Running, open_: Open, withdraw: Withdraw
) -> None:
    """All that it knew goes at once: the older ones are asked for, and everybody begins anew with them."""
    requests = await open_(4 * SHOWN)
    await look(hub, intake_service)
    browser = await Browser(hub).open()
    await withdraw(*requests[5:])
    await look(hub, intake_service)
    assert (await browser.read()).shows == requests[:5]


async def test_who_resumes_where_older_cards_came_up_meanwhile_begins_anew(
    hub: Hub, intake_service: Running, open_: Open, withdraw: Withdraw
) -> None:
    """That is not in the log: so whoever may have been shown less than all starts over, on whichever instance."""
    requests = await open_(SHOWN + 2)
    await look(hub, intake_service)
    browser = await Browser(hub).open()
    await withdraw(*requests[-2:])
    later = await instance(intake_service)
    resumed = await browser.moved_to(later)
    assert (resumed.shows, resumed.resets) == (requests[:-2], 1)
    await withdraw(requests[0])
    await look(later, intake_service)
    assert (await (await resumed.read()).moved_to(later)).shows == requests[1:-2]
    again = await Browser(later, resumed.last_id, resumed.shows).open()
    assert again.resets == 0


async def test_an_older_card_is_not_lost_between_two_connections(
    hub: Hub, intake_service: Running, open_: Open, withdraw: Withdraw
) -> None:
    """It comes before the news that made place for it: whoever heard that news has it."""
    requests = await open_(SHOWN + 1)
    await look(hub, intake_service)
    browser = await Browser(hub).open()
    await withdraw(requests[-1])
    await look(hub, intake_service)
    await browser.cut(after=b"event: gone\ndata: " + f'{{"id":"{requests[-1]}"}}'.encode() + b"\n\n")
    assert (await Browser(hub, browser.last_id, browser.shows).open()).shows[-1] == requests[0]


async def test_who_is_cut_off_in_the_middle_of_a_reset_starts_over(
    hub: Hub, intake_service: Running, open_: Open
) -> None:
    """Also a reader who had a position before: with what a reset takes away goes the place to resume from."""
    requests = await open_(3)
    await look(hub, intake_service)
    browser = await Browser(hub).open()
    assert browser.last_id
    browser._reader.start_over(browser._reader.racer)
    await browser.cut(after=requests[0].encode())
    assert browser.shows == []
    assert (await Browser(hub, browser.last_id, browser.shows).open()).shows == requests


async def test_t2_who_is_in_danger_is_shown_among_the_newest(
    hub: Hub, intake_service: Running, intake_client: httpx.AsyncClient, as_: As, open_: Open
) -> None:
    """Its card comes up again and stays up, on the instance that saw it and on one that begins now."""
    requests = await open_(SHOWN + 5)
    await intake_client.post(f"requests/{requests[0]}/danger", headers=as_(OLENA))
    await look(hub, intake_service)
    for where in (hub, await instance(intake_service)):
        assert (await Browser(where).open()).shows == [*requests[-SHOWN + 1 :], requests[0]]
