"""`python -m bench.load PORT CONNECTIONS FILE`: sends requests without bodies over connections that stay open.

A process of its own, so that the server's CPU time is the server's. It parses as little of HTTP as it can.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

from libs.kit.server import run

END = b"\r\n\r\n"


class Report(TypedDict):
    """How it went."""

    seconds: float
    statuses: dict[str, int]


class Connection(asyncio.Protocol):
    """Sends the next request when the last one has been answered."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[str]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests, self._statuses = requests, statuses
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Count an answer once all of it is there."""
        self._answer += data
        head, end, body = self._answer.partition(END)
        if end and len(body) >= _length(head):
            self._statuses[head[9:12].decode()] += 1
            self._answer = b""
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up spoils the measurement."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
        else:
            self._transport.write(request)


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def load(port: int, connections: int, requests: list[bytes]) -> Report:
    """Send them all; any connection takes the next."""
    statuses: Counter[str] = Counter()
    loop, waiting = asyncio.get_running_loop(), iter(requests)
    began = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(waiting, statuses), "127.0.0.1", port)
        for _ in range(connections)
    ]
    for _, connection in opened:
        await connection.done
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    return {"seconds": seconds, "statuses": dict(statuses)}


async def _main(port: str, connections: str, file: bytes) -> None:
    requests = [request + END for request in file.split(END)[:-1]]
    print(json.dumps(await load(int(port), int(connections), requests)))


if __name__ == "__main__":
    run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3]).read_bytes()))
