"""Sending takes no lock while it seals; whatever happens between its looking and its keeping is as if it came first."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import FirstReplySent, MessageSent
from libs.kit import clock
from services.chat import commands
from services.chat.domain import Draft, Participant
from tests.chat.scenes import accepted, conversation, hear, heard, released, say
from tests.chat.trips import Trips, counted
from tests.people import ANNA, BORIS, OLENA

Deed = Callable[[], Awaitable[Any]]


@pytest.fixture
def meanwhile(chat_service: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Deed], None]:
    """Something is done once, while the next message is being sealed."""
    vault, deeds = chat_service.resources.vault, list[Deed]()
    sealed = vault.sealed

    async def slowly(*what: Any) -> Any:
        while deeds:
            await deeds.pop()()
        return await sealed(*what)

    monkeypatch.setattr(vault, "sealed", slowly)
    return deeds.append


async def test_who_was_overtaken_takes_the_next_number(chat_service: Any, chat_client: Any, as_: Any, meanwhile: Any):
    talk = await conversation(chat_service)
    meanwhile(lambda: say(chat_client, as_(OLENA), talk, "quick"))
    slow = (await say(chat_client, as_(ANNA), talk, "slow")).json()
    found = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert [(each["seq"], each["body"]) for each in found] == [(1, "quick"), (2, "slow")]
    assert not any(each["unverifiable"] for each in found)
    assert (slow["seq"], slow["at"]) == (2, found[1]["at"])
    assert found[0]["at"] < found[1]["at"]


async def test_what_was_sent_again_meanwhile_is_one_message(
    chat_service: Any, chat_client: Any, as_: Any, meanwhile: Any
):
    talk, key, again = await conversation(chat_service), uuid7(), list[Any]()

    async def send_again() -> None:
        again.append(await say(chat_client, as_(ANNA), talk, "once", key))

    meanwhile(send_again)
    first = await say(chat_client, as_(ANNA), talk, "once", key)
    assert first.json() == again[0].json()
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 1
    assert len(await said(chat_service, MessageSent)) == 1


@pytest.mark.parametrize(("happens", "status"), [("released", 404), ("taken", 404), ("erased", 404), ("ended", 409)])
async def test_r14_who_may_not_write_any_more_when_it_is_kept_has_written_nothing(
    chat_service: Any, chat_client: Any, as_: Any, meanwhile: Any, *, happens: str, status: int
):
    talk = await conversation(chat_service)
    deeds: dict[str, Deed] = {
        "released": lambda: hear(chat_service, released(talk)),
        "taken": lambda: hear(chat_service, accepted(talk, by=BORIS, after=60)),
        "erased": lambda: _erase(chat_service, talk),
        "ended": lambda: chat_client.put(f"conversations/{talk}/ending", headers=as_(OLENA)),
    }
    meanwhile(deeds[happens])
    assert (await say(chat_client, as_(ANNA), talk, "too late")).status_code == status
    assert await said(chat_service, MessageSent) == []


async def test_d6_who_lost_and_regained_a_seat_meanwhile_owes_the_reply_that_is_owed_now(
    chat_service: Any, chat_client: Any, as_: Any, meanwhile: Any
):
    """Another had it in between, so the promise was made anew, though no message tells of it."""
    talk = await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, "first")

    async def lose_and_regain() -> None:
        for event in (
            accepted(talk, by=BORIS, after=60),
            released(talk, of=BORIS, after=90),
            accepted(talk, after=120),
        ):
            await hear(chat_service, event)

    meanwhile(lose_and_regain)
    assert (await say(chat_client, as_(ANNA), talk, "again")).json()["seq"] == 2
    assert len(await said(chat_service, FirstReplySent)) == 2


async def said(service: Any, kind: type[Any]) -> list[Any]:
    """Events of a kind that wait to be relayed."""
    return [each.data for each in await outbox(service.database.engine) if isinstance(each.data, kind)]


async def _erase(service: Any, talk: UUID) -> None:
    async with service.database.session(ANNA.tenant) as tx:
        await commands.erase_conversation(tx, talk, tenant=ANNA.tenant, asked_by="ops", now=clock.now())


@pytest_asyncio.fixture
async def watched(chat_service: Any, surroundings: Any) -> AsyncIterator[tuple[Any, Trips]]:
    async with (
        counted(str(chat_service.database.url)) as (url, trips),
        chat_service.service.open(surroundings, url, chat_service.keys_url) as running,
    ):
        yield running, trips


async def test_a_message_takes_two_trips_to_the_database(chat_service: Any, watched: tuple[Any, Trips]):
    """A look, and one statement that keeps everything or nothing; the connection knows its tenant already."""
    (running, trips), talk, needed = watched, await conversation(chat_service), []
    for number in range(3):
        draft = Draft(conversation_id=talk, client_message_id=uuid7(), form="text", body=b"%d" % number)
        anna, before = Participant(tenant=ANNA.tenant, id=ANNA.id, roles=frozenset({"specialist"})), trips.count
        async with running.database.autocommit(ANNA.tenant) as db:
            await commands.send_message(db, running.resources.vault, draft, sender=anna)
        needed.append(trips.count - before)
    assert needed[1:] == [2, 2]  # statements are prepared once
