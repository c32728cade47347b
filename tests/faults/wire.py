"""As little of HTTP as a proof needs: many connections that stay open, and no doubt left about what is known."""

import asyncio
import contextlib
import json
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from uuid import UUID

ANSWERS_WITHIN = 20.0


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: Any
    at: datetime  # by the clock of who answered


class NotSent(Exception):
    """Nobody listens there, so nothing happened."""


class Unknown(Exception):
    """It was sent, and whether it happened nobody can tell."""


class Line:
    """One connection to one instance, opened when it is needed; one request at a time."""

    def __init__(self, port: int, service: str = "intake") -> None:
        self._port, self._service = port, service
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._free = asyncio.Lock()

    async def ask(
        self, method: str, path: str, token: str, *, key: str | UUID | None = None, body: Any = None
    ) -> Answer:
        """Send a request and wait for its answer; a server that fails leaves it unknown."""
        async with self._free:
            reader, writer = await self._opened()
            try:
                writer.write(_request(method, f"/{self._service}/v1/{path}", token, key, body))
                async with asyncio.timeout(ANSWERS_WITHIN):
                    answer = await _answer(reader)
            except (OSError, EOFError, TimeoutError) as error:
                await self.close()
                raise Unknown from error
            except asyncio.CancelledError:
                await self.close()  # or the next one would be told this one's answer
                raise
        if answer.status >= 500:
            raise Unknown
        return answer

    async def close(self) -> None:
        """Hang up."""
        streams, self._streams = self._streams, None
        if streams:
            streams[1].close()
            with contextlib.suppress(OSError):
                await streams[1].wait_closed()

    async def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams and (self._streams[0].at_eof() or self._streams[1].is_closing()):
            await self.close()
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError as error:
                raise NotSent from error
        return self._streams


def _request(method: str, path: str, token: str, key: str | UUID | None, body: Any) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    head += [f"Idempotency-Key: {key}"] if key else []
    head += ["Content-Type: application/json"] if body is not None else []
    return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    content = await reader.readexactly(int(_header(head, b"content-length")))
    at = parsedate_to_datetime(_header(head, b"date").decode())
    return Answer(int(head[9:12]), json.loads(content) if content else None, at)


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()
