"""What a live connection takes: the longest message in its longest spelling, no more, and nothing compressed."""

import json
from typing import Any

import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.kit.server import LARGEST_FRAME
from services.chat.domain import LONGEST
from tests.chat.scenes import conversation
from tests.chat.sockets import Line, wired
from tests.people import ANNA, OLENA


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
