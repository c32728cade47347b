"""Nothing is told twice, and nothing waits for the next look because somebody came at the wrong moment."""

from typing import Any
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from services.chat.api import live as lives
from tests.bus.saying import eventually
from tests.chat.scenes import conversation, say
from tests.chat.sockets import Device, Line, wired
from tests.people import ANNA, OLENA, OMAR


@pytest_asyncio.fixture
async def line(chat_service: Any, chat_client: Any, as_: Any, serve: Any) -> Line:
    return Line(await serve(chat_service.app), chat_client, as_)


@pytest.fixture
def blind(chat_service: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The instance's hub, which looks only when a test does."""
    hub = chat_service.resources.hub
    look = hub._look
    monkeypatch.setattr(hub, "_look", AsyncMock())
    hub.looks = look
    return hub


async def press(line: Line, talk: Any, *, ended: bool) -> None:
    method = "PUT" if ended else "DELETE"
    answer = await line.http.request(method, f"conversations/{talk}/ending", headers=line.as_(OLENA))
    assert answer.status_code == 200, answer.text


async def reopenable(line: Line) -> None:
    change = {"changes": {"talk": {"reopen_within": "PT1H"}}}
    assert (await line.http.post("policies", json=change, headers=line.as_(OMAR, key=uuid7().hex))).status_code == 201


async def told(phone: Device, desk: Device) -> list[str]:
    """What a device was told of the end until something else happened."""
    await desk.tell(type="typing")
    await phone.next("typing")
    return [frame["type"] for frame in phone.frames if frame["type"] in {"ended", "reopened"}]


async def test_p11_the_end_is_told_once_however_it_is_learned(line: Line, chat_service: Any, blind: Any):
    """By whoever pressed, by another instance, and by looking."""
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk:
        await press(line, talk, ended=True)
        await phone.next("ended")
        await blind.looks()
        blind._hear(talk, {"type": "ended"})
        assert await told(phone, desk) == ["ended"]


async def test_p11_who_was_told_nothing_of_the_end_or_its_undoing_learns_it_by_looking(
    line: Line, chat_service: Any, blind: Any, monkeypatch: pytest.MonkeyPatch
):
    talk = await conversation(chat_service)
    await reopenable(line)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk:
        with monkeypatch.context() as deaf:
            deaf.setattr(blind, "announce", lambda *_: None)
            for ended in (True, False):
                await press(line, talk, ended=ended)
                await blind.looks()
        assert await told(phone, desk) == ["ended", "reopened"]


async def test_p11_who_comes_after_the_end_is_told_in_the_welcome_only(line: Line, chat_service: Any, blind: Any):
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk:
        await press(line, talk, ended=True)
        async with line.open(OLENA, talk) as phone:
            await blind.looks()
            assert phone.frames[0]["ended"]
            assert await told(phone, desk) == []


@pytest.mark.parametrize("by", ["this instance", "another instance"])
async def test_what_is_said_while_somebody_is_let_in_does_not_wait_for_the_next_look(
    line: Line, chat_service: Any, as_: Any, blind: Any, monkeypatch: pytest.MonkeyPatch, *, by: str
):
    """Their place was read before, and they are in the hall after it was said."""
    talk = await conversation(chat_service)
    welcome = lives._Connection._welcome

    async def slow(*known: Any, **told: Any) -> None:
        with monkeypatch.context() as elsewhere:
            if by == "another instance":
                elsewhere.setattr(blind, "delivered", lambda _: None)
            await say(line.http, as_(ANNA), talk, "Good evening")
        if by == "another instance":
            blind._hear(talk, 1)
        await welcome(*known, **told)

    monkeypatch.setattr(lives._Connection, "_welcome", slow)
    async with line.open(OLENA, talk) as phone:
        await phone.next("message")
        assert phone.seqs == [1]


async def test_a_conversation_that_nobody_is_in_takes_no_memory(line: Line, chat_service: Any, blind: Any):
    """Nor does one into which somebody was not let."""
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk), line.open(OLENA, talk):
        assert set(blind._halls) == {talk}
    async with wired(line.url, talk) as stranger:
        await stranger.tell(type="hello", ticket="made up")
        assert await stranger.over() == (4401, "ticket_refused")
    async with line.open(OLENA, talk) as phone:
        await phone.raw("bye")
    await eventually(lambda: not blind._halls)
