"""`python -m bench.talkers PORT FILE`: opens live connections in pairs and has them talk; told on stdin, answers there.

A process of its own, so that the server's CPU time is the server's. FILE has a path and two tickets for each pair.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from websockets.asyncio.client import ClientConnection, connect

from libs.bus.ids import uuid7
from libs.kit.server import run

AT_ONCE, ARRIVES_WITHIN = 20, 30.0
WORDS = "Добрий вечір. I have not slept for three nights, and wanted to ask whether we could talk a little earlier."


class Told(TypedDict):
    """How it went: milliseconds from sending to the other side, one by one, and how long all of it took."""

    spread: list[float]
    seconds: float


class Crowd:
    """All connections of one server."""

    def __init__(self, port: int, pairs: list[tuple[str, str, str]]) -> None:
        self._port, self._left = port, iter(pairs)
        self._sockets: list[tuple[ClientConnection, ClientConnection]] = []
        self._listening: list[asyncio.Task[None]] = []
        self._waiting: dict[str, tuple[ClientConnection, asyncio.Future[float]]] = {}
        self._turn: Iterator[int] = itertools.count()

    async def open(self, pairs: int) -> None:
        """So many more pairs."""
        chosen = list(itertools.islice(self._left, pairs))
        for some in (chosen[at : at + AT_ONCE] for at in range(0, len(chosen), AT_ONCE)):
            self._sockets += await asyncio.gather(*(self._pair(*each) for each in some))

    async def steady(self, rate: float, seconds: float) -> Told:
        """A message every so often, whether the last one has arrived or not."""
        began, sent = time.perf_counter(), list[asyncio.Task[float]]()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(began + number / rate - time.perf_counter())
            sent.append(asyncio.create_task(self._say()))
        spread = await asyncio.gather(*sent)
        return {"spread": spread, "seconds": time.perf_counter() - began}

    async def flood(self, at_once: int, seconds: float) -> Told:
        """As many as it takes: as one arrives, the next is sent."""
        began, spread = time.perf_counter(), list[float]()

        async def speak() -> None:
            while time.perf_counter() - began < seconds:
                spread.append(await self._say())

        await asyncio.gather(*(speak() for _ in range(at_once)))
        return {"spread": spread, "seconds": time.perf_counter() - began}

    async def _say(self) -> float:
        """One message; milliseconds until the other side has it."""
        turn = next(self._turn)
        pair = self._sockets[turn % len(self._sockets)]
        sender, other = pair if turn // len(self._sockets) % 2 else pair[::-1]
        message = str(uuid7())
        arrived: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[message] = other, arrived
        began = time.perf_counter()
        await sender.send(json.dumps({"type": "send", "client_message_id": message, "body": WORDS}, ensure_ascii=False))
        return 1000 * (await asyncio.wait_for(arrived, ARRIVES_WITHIN) - began)

    async def _pair(self, path: str, *tickets: str) -> tuple[ClientConnection, ClientConnection]:
        one, other = [await self._socket(path, ticket) for ticket in tickets]
        return one, other

    async def _socket(self, path: str, ticket: str) -> ClientConnection:
        # What a browser offers, it offers, too.
        wire = await connect(f"ws://127.0.0.1:{self._port}{path}", proxy=None, ping_interval=None)
        await wire.send(json.dumps({"type": "hello", "ticket": ticket}))
        if json.loads(await wire.recv())["type"] != "welcome":
            raise RuntimeError("the server does not let us in")
        self._listening.append(asyncio.create_task(self._listen(wire)))
        return wire

    async def _listen(self, wire: ClientConnection) -> None:
        async for text in wire:
            now, frame = time.perf_counter(), json.loads(text)
            if frame["type"] == "refused":
                raise RuntimeError(text)
            message = frame.get("message", frame).get("client_message_id")
            other, arrived = self._waiting.get(message, (None, None))
            if other is wire and arrived is not None and frame["type"] != "sent":
                del self._waiting[message]
                arrived.set_result(now)


async def _main(port: int, pairs: bytes) -> None:
    crowd = Crowd(port, json.loads(pairs))
    while line := await asyncio.to_thread(sys.stdin.readline):
        act, *arguments = json.loads(line)
        answer: Any = await getattr(crowd, act)(*arguments)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    run(_main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
