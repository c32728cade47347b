"""A device with a live connection, as a front end would have one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from libs.bus.ids import uuid7
from tests.people import Principal

SOON = 60.0  # seconds: it ends a hang, and says nothing of how fast


class Device:
    """Sends and collects frames."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self.frames: list[dict[str, Any]] = []

    @property
    def seqs(self) -> list[int]:
        """The messages it was given, in the order in which they came."""
        return [frame["message"]["seq"] for frame in self.frames if frame["type"] == "message"]

    async def say(self, body: str, *, key: UUID | None = None) -> str:
        """Send a message; its id."""
        message_id = str(key or uuid7())
        await self.tell(type="send", client_message_id=message_id, body=body)
        return message_id

    async def tell(self, **frame: Any) -> None:
        """Send a frame."""
        await self._wire.send(json.dumps(frame))

    async def raw(self, text: str | bytes) -> None:
        """Send what may be no frame."""
        await self._wire.send(text)

    async def next(self, *types: str, within: float = SOON) -> dict[str, Any]:
        """The next frame of one of these types, or any; all that comes before it is kept, too."""
        async with asyncio.timeout(within):
            while True:
                frame: dict[str, Any] = json.loads(await self._wire.recv())
                self.frames.append(frame)
                if not types or frame["type"] in types:
                    return frame

    async def until(self, seq: int) -> Self:
        """Listen until this message is here."""
        while seq not in self.seqs:
            await self.next("message")
        return self

    async def over(self, within: float = SOON) -> tuple[int, str]:
        """How the other end closed."""
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await self.next(within=within)
        said = closed.value.rcvd
        assert said is not None
        return said.code, said.reason


async def ticket(http: httpx.AsyncClient, headers: dict[str, str], talk: UUID) -> str:
    """A ticket to the live connection."""
    answer = await http.post(f"conversations/{talk}/live-tickets", headers=headers)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["ticket"]
    return found


@asynccontextmanager
async def wired(url: str, talk: UUID, **options: Any) -> AsyncIterator[Device]:
    """A connection on which nothing was said yet."""
    address = f"{url.replace('http', 'ws', 1)}/v1/conversations/{talk}/live"
    async with connect(address, max_size=2**20, **options) as wire:
        yield Device(wire)


class Line:
    """Opens live connections to a served chat, for whoever has a token."""

    def __init__(self, url: str, http: httpx.AsyncClient, as_: Any) -> None:
        self.url, self.http, self.as_ = url, http, as_

    @asynccontextmanager
    async def open(self, who: Principal, talk: UUID, *, after: int = 0) -> AsyncIterator[Device]:
        """A device of theirs, welcomed."""
        async with wired(self.url, talk) as device:
            await device.tell(type="hello", ticket=await ticket(self.http, self.as_(who), talk), after_seq=after)
            await device.next("welcome", "resync")
            yield device
