"""Forgetting meets whatever else happens at that moment: each waits for the other once, and never in a circle.

A row that somebody holds stops the first in the middle of its work, for as long as the second needs to come in its way.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from libs.bus.consumers import subscriber
from libs.bus.ids import uuid7
from libs.bus.testing import enveloped
from libs.kit import clock
from libs.kit.jobs import forget_answers
from libs.kit.sql import EVERY_TENANT
from services.chat import jobs
from services.chat.consumers import consumers
from tests.chat.pictures import added, objects_of
from tests.chat.pictures import send as send_picture
from tests.chat.scenes import conversation, heard, released, say
from tests.chat.sockets import ticket
from tests.chat.test_contact_cards import allow
from tests.chat.test_contact_cards import send as send_card
from tests.chat.test_erasures_of_people import GONE, named, used
from tests.people import ANNA, OLENA, OMAR, Principal

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
HER_TICKET = f"SELECT FROM live_tickets WHERE reader_id = '{ANNA.id}' FOR UPDATE"
LONG_AGO = "clock_timestamp() - interval '400 days'"


class Scene(NamedTuple):
    """Whatever leaves a trace has been done in a talk of Anna's and Olena's."""

    service: Any
    http: Any
    as_: Any
    talk: UUID
    picture: str

    async def forget(self, person: Principal) -> int:
        asked = {"subject_id": str(person.id)}
        answer = await self.http.post("erasures", json=asked, headers=self.as_(OMAR, key=uuid7().hex))
        return int(answer.status_code)

    async def read(self) -> int:
        path = f"conversations/{self.talk}/read-position"
        return int((await self.http.put(path, json={"seq": 6}, headers=self.as_(ANNA))).status_code)

    async def send(self) -> int:
        return (await send_picture(self.http, self.as_(ANNA), self.talk, self.picture)).status_code

    async def fall_silent(self) -> int:
        path = f"conversations/{self.talk}/notifications"
        return int((await self.http.put(path, json={"muted": True}, headers=self.as_(ANNA))).status_code)

    async def erase(self) -> int:
        path = f"conversations/{self.talk}/erasure"
        return int((await self.http.post(path, headers=self.as_(OLENA))).status_code)

    @asynccontextmanager
    async def held(self, what: str) -> AsyncIterator[None]:
        """Somebody else has these rows."""
        async with self.service.database.session(EVERY_TENANT) as tx:
            await tx.execute(text(what))
            yield

    async def comes_to_wait(self, doing: asyncio.Task[int], *, waiting: int) -> None:
        """Until so many wait for a row, or this one is done and waits for none."""
        async with asyncio.timeout(10):
            while await self.counted(WAITING) < waiting and not doing.done():  # noqa: ASYNC110 - PostgreSQL tells nobody
                await asyncio.sleep(0.02)

    async def counted(self, asked: str) -> int:
        async with self.service.database.session(EVERY_TENANT) as tx:
            return int(await tx.scalar(text(asked)))

    async def at_once(self, first: Awaitable[int], second: Callable[[], Awaitable[int]]) -> list[int]:
        """The first stops in the middle, the second comes, and then both go on."""
        async with self.held(HER_TICKET):
            one = asyncio.ensure_future(first)
            await self.comes_to_wait(one, waiting=1)
            assert not one.done(), "it was stopped"
            other = asyncio.ensure_future(second())
            await self.comes_to_wait(other, waiting=2)
        async with asyncio.timeout(20):
            return [await one, await other]


@pytest_asyncio.fixture
async def scene(chat_service: Any, chat_client: Any, as_: Any) -> AsyncIterator[Scene]:
    await allow(chat_client, as_, "allow")
    talk = await used(chat_service, chat_client, as_)
    assert (await send_card(chat_client, as_, ANNA, talk)).status_code == 201
    picture = await added(chat_client, as_(ANNA), talk)
    await say(chat_client, as_(OLENA), talk, "Are you there?")
    yield Scene(chat_service, chat_client, as_, talk, picture)
    for path in objects_of(chat_service):
        path.unlink()


@pytest.mark.parametrize(("first", "second"), [(ANNA, OLENA), (OLENA, ANNA)], ids=["specialist first", "client first"])
async def test_a_specialist_and_a_client_of_theirs_are_forgotten_at_the_same_moment(
    scene: Scene, first: Principal, second: Principal
):
    assert await scene.at_once(scene.forget(first), lambda: scene.forget(second)) == [200, 200]
    for person in (ANNA, OLENA):
        assert await named(scene.service, person) & GONE == set()


async def test_whoever_is_forgotten_twice_at_the_same_moment_is_forgotten(scene: Scene):
    assert await scene.at_once(scene.forget(ANNA), lambda: scene.forget(ANNA)) == [200, 200]
    assert await named(scene.service, ANNA) & GONE == set()


@pytest.mark.parametrize("doing", ["read", "send", "fall_silent", "erase"])
async def test_what_happens_while_a_specialist_is_forgotten_happens(scene: Scene, doing: str):
    """One of the two waits, and neither is told that the database is away."""
    forgotten, done = await scene.at_once(scene.forget(ANNA), getattr(scene, doing))
    assert forgotten == 200
    # Her picture may be gone by the time that she sends it.
    assert done in {200, 201} | ({422} if doing == "send" else set())


@pytest.mark.parametrize("doing", ["read", "fall_silent"])
async def test_what_happens_while_a_talk_is_erased_happens(scene: Scene, doing: str):
    """Before, or to a talk that is no more."""
    erased, done = await scene.at_once(scene.erase(), getattr(scene, doing))
    assert erased == 200
    assert done in {200, 404}


async def test_hearing_of_many_talks_in_any_order_does_not_stop_a_forgetting(scene: Scene):
    """A batch holds every talk that it heard of until it ends, so whoever forgets holds one at a time."""
    low, high = sorted([scene.talk, await conversation(scene.service)])
    for talk in (low, high):
        await ticket(scene.http, scene.as_(ANNA), talk)
    async with asyncio.timeout(20):
        async with scene.service.database.sessions.begin() as tx:
            await subscriber(consumers).take(tx, [enveloped(released(high))])
            forgetting = asyncio.ensure_future(scene.forget(ANNA))
            await scene.comes_to_wait(forgetting, waiting=1)
            await subscriber(consumers).take(tx, [enveloped(released(low))])
        assert await forgetting == 200
    assert await named(scene.service, ANNA) & GONE == set()


async def test_what_is_left_of_a_talk_is_swept_by_who_holds_the_talk(scene: Scene):
    """The second look, after the key is gone, waits for its turn like the first."""
    assert await scene.erase() == 200
    async with scene.held(f"SELECT FROM conversations WHERE id = '{scene.talk}' FOR UPDATE"):
        async with scene.service.database.session(EVERY_TENANT) as tx:
            await tx.execute(text("UPDATE erasures SET done_at = NULL"))
        finishing = asyncio.ensure_future(jobs.finish_erasures(scene.service.database, scene.service.resources.gallery))
        await scene.comes_to_wait(finishing, waiting=1)  # type: ignore[arg-type]
        assert not finishing.done()
    await finishing
    assert await scene.counted("SELECT count(*) FROM erasures WHERE done_at IS NULL") == 0


@pytest.mark.parametrize("table", ["live_tickets", "entries", "guests", "notifications", "idempotency"])
async def test_who_sweeps_what_is_old_waits_for_nobody(scene: Scene, table: str):
    """Else it would wait in a circle with whoever takes the same rows in another order; the next round takes them."""
    aged = {
        "notifications": "done_at = {0}, look_at = NULL, state = 'sent'", "idempotency": "at = {0}",
    }.get(table, "expires_at = {0}")  # fmt: skip
    async with scene.service.database.session(EVERY_TENANT) as tx:
        await tx.execute(text(f"UPDATE {table} SET {aged.format(LONG_AGO)}"))  # noqa: S608 - ours
    before = await scene.counted(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
    assert before
    async with scene.held(f"SELECT FROM {table} LIMIT 1 FOR UPDATE"), asyncio.timeout(5):
        await sweep(scene)
        assert await scene.counted(f"SELECT count(*) FROM {table}") == 1  # noqa: S608 - ours
    await sweep(scene)
    assert await scene.counted(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - ours


async def sweep(scene: Scene) -> None:
    for job in (jobs.forget_tickets, jobs.forget_told, forget_answers):
        await job(scene.service.database, clock.now())


async def test_a_client_whose_specialist_is_forgotten_keeps_the_talk(scene: Scene):
    """All four messages, the card without its contents, and the last picture only if it was sent."""
    before = len((await heard(scene.http, scene.as_(OLENA), scene.talk))["items"])
    assert await scene.forget(ANNA) == 200
    items = (await heard(scene.http, scene.as_(OLENA), scene.talk))["items"]
    assert len(items) == before
    assert [item["card"] for item in items if item["form"] == "card"] == [None]
