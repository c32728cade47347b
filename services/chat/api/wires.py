"""How instances hint at news to one another: PostgreSQL's NOTIFY, outside of the transactions that have news.

Inside them it would make every commit wait for the one before, so only rare ones do it (commands/hints.py). What is
lost here is found by looking (hub.py).
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from libs.bus.ids import uuid7
from libs.kit.sql import CONNECT_WITHIN, dsn_of
from services.chat.commands.hints import CHANNEL

LARGEST: Final = 7000  # bytes; PostgreSQL takes 8000
WAITING: Final = 10_000
News = int | dict[str, Any]
log = structlog.get_logger()


class Wires:
    """One connection of an instance, on which it hears and tells."""

    def __init__(self, url: str, hear: Callable[[UUID, News], None]) -> None:
        self._url, self._hear = url, hear
        self._mark = f'["{uuid7().hex}",['
        self._waiting: deque[tuple[str, News]] = deque()
        self._woken = asyncio.Event()

    def send(self, conversation_id: UUID, news: News) -> None:
        """Tell all others, soon; with too much to tell, something is left out, for they look by themselves."""
        if len(self._waiting) < WAITING:
            self._waiting.append((str(conversation_id), news))
        self._woken.set()

    async def run(self, closing: asyncio.Event) -> None:
        """Hear and tell until the service closes, over as many connections as it takes."""
        while not closing.is_set():
            try:
                await self._connected(closing)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("live.deaf", error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), 1.0)

    async def _connected(self, closing: asyncio.Event) -> None:
        connection = await asyncpg.connect(
            dsn_of(self._url), timeout=CONNECT_WITHIN, server_settings={"application_name": "dovira-chat-wires"}
        )
        try:
            await connection.add_listener(CHANNEL, self._heard)
            while not closing.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), 0.5)
                self._woken.clear()
                if connection.is_closed():
                    return
                while self._waiting:
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, self._packed())
        finally:
            await connection.close(timeout=1)

    def _packed(self) -> str:
        """As much of what waits as one notification takes."""
        packed, size = list[str](), 0
        while self._waiting and size < LARGEST:
            packed.append(json.dumps(self._waiting.popleft(), separators=(",", ":")))
            size += len(packed[-1]) + 1
        return f"{self._mark}{','.join(packed)}]]"

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        told = str(payload)
        if told.startswith(self._mark):
            return
        for conversation_id, news in json.loads(told)[1]:
            self._hear(UUID(conversation_id), news)
