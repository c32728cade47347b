"""What a live connection takes: the longest message in its longest spelling, no more, and nothing compressed."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asyncpg import InterfaceError

from libs.bus.ids import uuid7
from libs.kit.server import LARGEST_FRAME
from services.chat import commands
from services.chat.domain import LONGEST
from services.chat.queries.entries import digest_of
from tests.chat.scenes import conversation, hear, released, say
from tests.chat.sockets import Line, ticket, wired
from tests.people import ANNA, OLENA, THERAPY


@pytest_asyncio.fixture
async def line(chat_service: Any, chat_client: Any, as_: Any, serve: Any) -> Line:
    return Line(await serve(chat_service.app), chat_client, as_)


@pytest.mark.parametrize("character", ["a", "ї", "🌻"])
async def test_the_longest_text_gets_through_however_it_is_spelt(line: Line, chat_service: Any, character: str):
    talk, body = await conversation(chat_service), character * LONGEST
    spelt = json.dumps({"type": "send", "client_message_id": str(uuid7()), "body": body}, ensure_ascii=True)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk:
        await desk.raw(spelt)
        assert (await phone.next("message"))["message"]["body"] == body


async def test_who_sends_a_larger_frame_is_out_before_it_is_read(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk:
        await desk.raw(" " * (LARGEST_FRAME + 1))
        assert (await desk.over())[0] == 1009


async def test_nothing_is_compressed_whatever_a_browser_offers(line: Line, chat_service: Any):
    """It would cost memory, and the length of compressed words tells about them."""
    async with wired(line.url, await conversation(chat_service), compression="deflate") as device:
        assert device._wire.protocol.extensions == []


async def test_a_database_that_does_not_answer_for_a_moment_makes_a_message_late_and_ends_no_connection(
    line: Line, chat_service: Any, as_: Any, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise all devices would come back at once, when there is least to spare."""
    hub = chat_service.resources.hub
    failed: list[bool] = []
    fill = hub._fill

    async def fails_once(*hall_and_place: Any) -> None:
        if not failed:
            failed.append(True)
            raise TimeoutError
        await fill(*hall_and_place)

    talk = await conversation(chat_service)
    await say(line.http, as_(ANNA), talk, "Good evening")
    monkeypatch.setattr(hub, "_fill", fails_once)
    async with line.open(OLENA, talk) as phone:
        await phone.until(1)
        assert (failed, phone.seqs) == ([True], [1])


async def test_r14_who_loses_the_seat_is_out_even_while_a_driver_takes_the_end_for_an_error(
    line: Line, chat_service: Any, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise the connection stays open and silent, and nobody knows that it is."""

    async def stubborn(*_: Any, **__: Any) -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            raise InterfaceError("another operation is in progress") from None

    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk:
        monkeypatch.setattr(commands, "send_message", stubborn)
        await desk.say("Good evening")
        await hear(chat_service, released(talk))
        assert await desk.over() == (4404, "not_yours")


async def test_p6_who_came_by_a_link_is_out_when_their_stay_is_over(line: Line, chat_service: Any, as_: Any):
    talk = await conversation(chat_service)
    stay, until = digest_of("a guest's secret"), timedelta(hours=1)
    async with chat_service.database.begin() as db:
        await db.exec_driver_sql(
            "INSERT INTO guests VALUES ($1, $2, $3, $4, clock_timestamp() + $5)", (stay, THERAPY, talk, OLENA.id, until)
        )
    guest = {"Authorization": "Entry a guest's secret"}
    async with wired(line.url, talk) as phone:
        await phone.tell(type="hello", ticket=await ticket(line.http, guest, talk))
        await phone.next("welcome")
        await say(line.http, as_(ANNA), talk, "Good evening")
        await phone.until(1)
        async with chat_service.database.begin() as db:
            await db.exec_driver_sql("DELETE FROM guests")
        assert await phone.over() == (4404, "not_yours")
    assert (await line.http.post(f"conversations/{talk}/live-tickets", headers=guest)).status_code == 401
