"""The feed, as server-sent events from a real server, over two instances on one database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import insert, text

from libs.kit import clock
from libs.kit.service import Running, Surroundings
from services.intake import service
from services.intake.api.hub import Hub, Reader
from services.intake.commands import tidy_feed
from services.intake.domain import Racer
from services.intake.jobs import jobs, pass_time
from services.intake.queries import moment
from services.intake.settings import Settings
from services.intake.tables import AvoidanceRow
from tests.conftest import client_of
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, STRANGE_CLIENT, STRANGE_SPECIALIST, TARAS, Principal

SOON = 60.0
NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Happening:
    """One event of the stream."""

    event: str = ""
    data: Any = None
    id: str | None = None


@dataclass(eq=False)
class Stream:
    """A reader that keeps to the specification, as a browser does."""

    lines: AsyncIterator[str]
    last_id: str | None = None
    comments: int = 0
    pending: Happening = field(default_factory=Happening)

    async def next(self) -> Happening:
        """The next event that carries data."""
        async with asyncio.timeout(SOON):
            async for line in self.lines:
                if line == "":
                    done, self.pending = self.pending, Happening()
                    self.last_id = done.id or self.last_id
                    if done.event:
                        return done
                elif line.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = line.partition(": ")
                    if name in {"event", "id"}:
                        setattr(self.pending, name, value)
                    elif name == "data":
                        self.pending.data = json.loads(value)
        raise EOFError

    async def skip(self, count: int) -> Self:
        """Past so many events."""
        for _ in range(count):
            await self.next()
        return self

    async def ended(self) -> bool:
        """Whether the server ends the stream by itself."""
        try:
            await self.next()
        except EOFError:
            return True
        return False


@dataclass
class Instance:
    """One of several processes that serve the same feed."""

    running: Running
    client: httpx.AsyncClient
    address: str
    as_: As

    async def ticket(self, person: Principal = BORIS) -> str:
        answer = await self.client.post("feed-tickets", headers=self.as_(person))
        assert answer.status_code == 201
        return str(answer.json()["ticket"])

    @asynccontextmanager
    async def feed(self, person: Principal = BORIS, *, after: str | None = None) -> AsyncIterator[Stream]:
        headers = {"Last-Event-ID": after} if after else {}
        asked = {"ticket": await self.ticket(person)}
        async with (
            httpx.AsyncClient(base_url=self.address, timeout=SOON) as client,
            client.stream("GET", "/v1/feed", params=asked, headers=headers) as response,
        ):
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert "no-cache" in response.headers["cache-control"]
            assert response.headers["x-accel-buffering"] == "no"
            yield Stream(response.aiter_lines())


@pytest_asyncio.fixture
async def instances(
    intake_service: Running, surroundings: Surroundings, serve: Any, as_: As
) -> AsyncIterator[list[Instance]]:
    """Two instances that were started just now."""
    url = intake_service.database.engine.url.render_as_string(hide_password=False)
    await joined(intake_service, [ANNA, BORIS, STRANGE_SPECIALIST])
    async with AsyncExitStack() as opened_:
        found = []
        for _ in range(2):
            running = await opened_.enter_async_context(service.open(surroundings, url))
            client = await opened_.enter_async_context(client_of(running.app, "intake"))
            found.append(Instance(running, client, await serve(running.app), as_))
        yield found
        # As a process does on its way out: first the streams are told, then the server waits for them.
        for instance in found:
            instance.running.wind_down()


@pytest.fixture
def here(instances: list[Instance]) -> Instance:
    return instances[0]


@pytest.fixture
def there(instances: list[Instance]) -> Instance:
    return instances[1]


async def test_b3_a_card_shows_number_category_arrival_and_a_phone_mark(here: Instance, as_: As) -> None:
    """And nothing else: no client, no phone number, no words."""
    async with here.feed() as feed:
        assert (await feed.next()).event == "reset"
        request = await opened(here.client, as_, kind="phone", phone="+380447654321", category="panic")
        happening = await feed.next()
    assert happening.event == "request"
    assert happening.data == {
        "id": request["id"], "number": request["number"], "category": "panic", "received_at": request["received_at"],
        "phone": True, "urgent": False,
    }  # fmt: skip


async def test_b2_contact_data_never_enters_the_feed(here: Instance, as_: As) -> None:
    """Neither the number nor the client, in anything that was sent."""
    await joined(here.running, [ANNA])
    async with here.feed() as feed:
        await feed.next()
        request = await opened(here.client, as_, kind="phone", phone="+380447654321")
        await press(here.client, as_, ANNA, request)
        sent = json.dumps([(await feed.next()).data, (await feed.next()).data])
    assert "447654321" not in sent
    assert str(OLENA.id) not in sent


async def test_b4_the_card_vanishes_everywhere(here: Instance, there: Instance, as_: As) -> None:
    """On every instance, whichever one the winner pressed on."""
    await joined(here.running, [ANNA])
    request = await opened(here.client, as_)
    async with here.feed() as near, there.feed() as far:
        await asyncio.gather(near.skip(2), far.skip(2))
        await press(there.client, as_, ANNA, request)
        for feed in (near, far):
            gone = await feed.next()
            assert (gone.event, gone.data) == ("gone", {"id": request["id"]})


async def test_b6_a_cards_time_is_its_arrival(here: Instance, as_: As) -> None:
    """For those who come later, too."""
    request = await opened(here.client, as_)
    await asyncio.sleep(0.3)
    async with here.feed() as feed:
        await feed.next()
        assert (await feed.next()).data["received_at"] == request["received_at"]


async def test_a_new_reader_begins_with_what_is_open(here: Instance, as_: As) -> None:
    """After a reset, so that a card that was shown before and has gone is not kept."""
    await joined(here.running, [ANNA])
    taken, free = await opened(here.client, as_), await opened(here.client, as_)
    await press(here.client, as_, ANNA, taken)
    await here.running.resources.hub.look()
    async with here.feed() as feed:
        assert (await feed.next()).event == "reset"
        assert (await feed.next()).data["id"] == free["id"]
        await opened(here.client, as_)
        await feed.next()
        assert feed.last_id is not None


async def test_a_reader_resumes_where_it_was_on_another_instance(here: Instance, there: Instance, as_: As) -> None:
    """What happened in between comes in order, without a gap and without a reset."""
    await joined(here.running, [ANNA])
    async with here.feed() as feed:
        await feed.next()
        first = await opened(here.client, as_)
        await feed.next()
    second = await opened(here.client, as_)
    await press(here.client, as_, ANNA, first)
    async with there.feed(after=feed.last_id) as resumed:
        happened = [await resumed.next() for _ in range(2)]
    assert [(one.event, one.data["id"]) for one in happened] == [("request", second["id"]), ("gone", first["id"])]


async def test_nothing_is_missed_while_many_write_at_once(here: Instance, there: Instance, as_: As) -> None:
    """A reader that reconnects after every event sees each request exactly once: numbers follow commits."""
    seen: list[str] = []
    async with there.feed() as feed:
        await feed.next()
        await opened(here.client, as_)
        seen.append((await feed.next()).data["id"])
        last_id = feed.last_id
    clients = [here.client, there.client]
    writing = asyncio.gather(*(opened(clients[n % 2], as_) for n in range(24)))
    while len(seen) < 25:
        async with (here, there)[len(seen) % 2].feed(after=last_id) as feed:
            seen.append((await feed.next()).data["id"])
            last_id = feed.last_id
    written = {request["id"] for request in await writing}
    assert set(seen[1:]) == written
    assert len(seen) == 25


async def test_what_is_committed_late_is_not_passed_over(here: Instance, as_: As) -> None:
    """An entry that was written first and committed last comes last, and comes."""
    async with here.feed() as feed:
        await feed.next()
        first = await opened(here.client, as_)
        await feed.next()
        async with here.running.database.session("*") as slow:
            await slow.execute(
                text("INSERT INTO feed_log (tenant, request_id, gone) VALUES ('therapy', :id, true)"),
                {"id": first["id"]},
            )
            second = await opened(here.client, as_)
            assert (await feed.next()).data["id"] == second["id"]
        assert (await feed.next()).data == {"id": first["id"]}


@pytest.mark.parametrize("after", ["abc", "-1", "9" * 30, "٣", "999999999999", "1e3"])
async def test_a_position_that_is_none_of_ours_begins_anew(here: Instance, as_: As, after: str) -> None:
    """It is not an error of the reader's: it gets a reset and what is open."""
    request = await opened(here.client, as_)
    asked = {"ticket": await here.ticket(), "last_event_id": after}
    async with (
        httpx.AsyncClient(base_url=here.address, timeout=SOON) as client,
        client.stream("GET", "/v1/feed", params=asked) as response,
    ):
        feed = Stream(response.aiter_lines())
        assert (await feed.next()).event == "reset"
        assert (await feed.next()).data["id"] == request["id"]


async def test_a_position_that_was_forgotten_begins_anew(
    here: Instance, as_: As, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, serve: Any
) -> None:
    """The log is bounded; whoever slept too long gets a reset."""
    monkeypatch.setenv("INTAKE_FEED_KEEPS", "10")
    url = here.running.database.engine.url.render_as_string(hide_password=False)
    async with service.open(surroundings, url) as running, client_of(running.app, "intake") as client:
        forgetful = Instance(running, client, await serve(running.app), as_)
        async with forgetful.feed() as feed:
            await feed.next()
            await opened(client, as_)
            await feed.next()
        for _ in range(11):
            await opened(client, as_)
        await running.resources.hub.look()
        async with forgetful.feed(after=feed.last_id) as late:
            assert (await late.next()).event == "reset"
        running.wind_down()


async def test_each_house_has_a_feed_of_its_own(here: Instance, as_: As) -> None:
    """What is asked in one is not seen in the other, neither as it comes nor by who was away meanwhile."""
    async with here.feed(STRANGE_SPECIALIST) as feed:
        await feed.next()
        await opened(here.client, as_)
        strange = await opened(here.client, as_, by=STRANGE_CLIENT)
        assert (await feed.next()).data["id"] == strange["id"]
    await opened(here.client, as_)
    later = await opened(here.client, as_, by=STRANGE_CLIENT)
    async with here.feed(STRANGE_SPECIALIST, after=feed.last_id) as resumed:
        assert (await resumed.next()).data["id"] == later["id"]


async def refused_for(instance: Instance, ticket: str) -> tuple[int, str]:
    """Status and code of what should not open; if it did open it would have no end."""
    async with asyncio.timeout(SOON):
        answer = await instance.client.get("feed", params={"ticket": ticket})
    return answer.status_code, answer.json()["code"]


async def test_a_ticket_is_good_once_and_not_for_long(here: Instance, there: Instance) -> None:
    """On whichever instance; and a refusal is a problem, not a broken stream."""
    ticket = await here.ticket()
    async with (
        httpx.AsyncClient(base_url=there.address) as client,
        client.stream("GET", "/v1/feed", params={"ticket": ticket}) as response,
    ):
        assert response.status_code == 200
    assert await refused_for(here, ticket) == (403, "ticket_refused")
    late = await here.ticket()
    async with here.running.database.begin() as connection:
        await connection.execute(text("UPDATE feed_tickets SET expires_at = now()"))
    for useless in (late, "never was"):
        assert await refused_for(here, useless) == (403, "ticket_refused")
    assert (await here.client.get("feed")).status_code == 422
    assert (await here.client.get("feed", params={"ticket": "x" * 65})).status_code == 422


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("UPDATE specialists SET on_duty_until = now()", 409, "off_duty"),
        ("DELETE FROM specialists", 409, "not_eligible"),
    ],
)
async def test_b7_a_ticket_from_better_days_opens_nothing(here: Instance, change: str, status: int, code: str) -> None:
    """Whose duty ended, or who is no specialist any more, between the ticket and the feed."""
    ticket = await here.ticket()
    async with here.running.database.begin() as connection:
        await connection.execute(text(change))
    assert await refused_for(here, ticket) == (status, code)


async def test_only_specialists_get_tickets(here: Instance, as_: As) -> None:
    """The feed is nobody else's business."""
    assert (await here.client.post("feed-tickets", headers=as_(OLENA))).status_code == 403


async def test_streams_end_with_the_service(here: Instance) -> None:
    """A server that waits for its connections does not wait for ever."""
    async with here.feed() as feed:
        await feed.next()
        here.running.wind_down()
        assert await feed.ended()


async def test_a_silent_feed_is_kept_alive(here: Instance, as_: As) -> None:
    """Comments go out while nothing happens."""
    hub = here.running.resources.hub
    assert isinstance(hub, Hub)
    async with here.feed() as feed:
        await feed.next()
        for _ in range(3):
            hub._beat()
            await asyncio.sleep(0.05)
        await opened(here.client, as_)
        await feed.next()
        assert feed.comments >= 3


async def test_a_slow_reader_holds_little_and_starts_over(here: Instance, as_: As) -> None:
    """It harms nobody, and what it gets in the end is what is open."""
    hub = here.running.resources.hub
    assert isinstance(hub, Hub)
    stream = await hub.read("therapy", Racer(BORIS.id), None)
    assert b"event: reset" in await anext(stream)
    [reader] = hub._readers["therapy"]
    for _ in range(10_000):
        reader.put(b"x" * 100)
    assert len(reader.waiting) <= Settings().feed_queue
    request = await opened(here.client, as_)
    await hub.look()
    data = await anext(stream)
    assert data.startswith(b"retry: ")
    assert request["id"].encode() in data
    assert b"xxx" not in data
    await stream.aclose()
    assert not hub._readers["therapy"]


def test_a_reader_that_is_behind_keeps_nothing() -> None:
    """It will be told everything anyway."""
    reader = Reader("therapy", Racer(BORIS.id), 2)
    reader.put(b"unseen")
    assert not reader.waiting


async def test_what_nobody_can_resume_from_is_forgotten(
    here: Instance, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log and expired tickets do not grow without bound."""
    monkeypatch.setattr("services.intake.commands.feed.KEEPS", 3)
    await here.ticket()
    for _ in range(5):
        await opened(here.client, as_)
    await here.running.resources.hub.look()
    async with here.running.database.session("*") as tx:
        await tx.execute(text("UPDATE feed_tickets SET expires_at = now()"))
        await tidy_feed(tx, now=await moment(tx))
        assert await tx.scalar(text("SELECT count(*) FROM feed_log")) == 3
        assert await tx.scalar(text("SELECT count(*) FROM feed_tickets")) == 0
    await jobs[0].run(here.running.database, as_)  # type: ignore[arg-type]


async def test_b17_d17_c9_a_card_is_shown_to_whom_the_request_is_for(here: Instance, there: Instance, as_: As) -> None:
    """A minor's to who works with minors, a direct one to who was asked, none to who does not want this client."""
    await joined(here.running, [BORIS], accepts_minors=True, languages=["uk"])
    async with here.running.database.session("*") as tx:
        avoids = {"specialist_id": BORIS.id, "client_id": TARAS.id, "tenant": "therapy", "since": await moment(tx)}
        await tx.execute(insert(AvoidanceRow), avoids)
    async with here.feed(ANNA) as annas, there.feed(BORIS) as boriss:
        await annas.next(), await boriss.next()
        minors = await opened(here.client, as_, age="minor")
        direct = await opened(here.client, as_, direct_to=str(ANNA.id))
        avoided = await opened(here.client, as_, by=TARAS)
        foreign = await opened(here.client, as_, locale="bg")
        everybodys = await opened(here.client, as_)
        seen_by_anna = [(await annas.next()).data["id"] for _ in range(4)]
        seen_by_boris = [(await boriss.next()).data["id"] for _ in range(2)]
    assert seen_by_anna == [each["id"] for each in (direct, avoided, foreign, everybodys)]
    assert seen_by_boris == [each["id"] for each in (minors, everybodys)]
    async with here.feed(BORIS) as anew:
        assert (await anew.next()).event == "reset"
        assert [(await anew.next()).data["id"] for _ in range(2)] == seen_by_boris


async def test_d6_a_released_request_comes_back_to_all_but_the_silent_one(here: Instance, as_: As) -> None:
    """Its card shows when it arrived, not when it came back (B6)."""
    async with here.feed(ANNA) as annas, here.feed(BORIS) as boriss:
        await annas.next(), await boriss.next()
        with clock.at(NOON):
            request = await opened(here.client, as_)
            await press(here.client, as_, ANNA, request)
        with clock.at(NOON + timedelta(minutes=1)):
            await pass_time(here.running.database, NOON)
        other = await opened(here.client, as_)
        told = {feed: await _until(feed, other["id"]) for feed in (annas, boriss)}
    assert [told[feed][request["id"]] for feed in (annas, boriss)] == ["gone", "request"]


async def _until(feed: Stream, last: str) -> dict[str, str]:
    """What was last told of each request, up to this one."""
    told: dict[str, str] = {}
    while last not in told:
        happening = await feed.next()
        told[happening.data["id"]] = happening.event
    return told


async def test_b7_the_stream_ends_with_the_duty(here: Instance, as_: As) -> None:
    """And says so; who is off duty gets no ticket."""
    async with here.feed() as feed:
        await feed.next()
        await joined(here.running, [BORIS], on_duty_until=NOON)
        assert (await feed.next()).event == "off_duty"
        assert await feed.ended()
    refused = await here.client.post("feed-tickets", headers=as_(BORIS))
    assert (refused.status_code, refused.json()["code"]) == (409, "off_duty")


async def test_b7_the_stream_of_who_is_no_specialist_any_more_ends_and_nobody_elses(here: Instance) -> None:
    async with here.feed() as gone, here.feed(ANNA) as stays:
        await gone.next()
        await stays.next()
        async with here.running.database.begin() as connection:
            await connection.execute(text("DELETE FROM specialists WHERE id = :id"), {"id": BORIS.id})
        assert (await gone.next()).event == "off_duty"
        assert await gone.ended()
        await joined(here.running, [ANNA], on_duty_until=NOON)
        assert (await stays.next()).event == "off_duty"


async def test_a_request_in_danger_comes_up_again_as_urgent(here: Instance, as_: As) -> None:
    """Its card is shown anew, with the mark."""
    async with here.feed() as feed:
        await feed.next()
        request = await opened(here.client, as_)
        await here.client.post(f"requests/{request['id']}/danger", headers=as_(OLENA))
        first, again = [(await feed.next()).data for _ in range(2)]
    assert (again["id"], again["urgent"]) == (request["id"], True)
    assert first["id"] == request["id"]
