"""Events to say in tests, and subscribers that write down what they hear."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from libs.bus.ids import uuid7
from libs.bus.log import TP, EventLog, Item, murmur2
from libs.bus.testing import enveloped
from libs.events import TOPICS, Envelope, Event, encode
from libs.events.intake import SessionHeld

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def said(key: UUID, number: int) -> SessionHeld:
    """The number-th fact about a key."""
    return SessionHeld(
        tenant="therapy", at=NOW, request_id=key, specialist_id=key, session_id=key, number=number, version=number
    )


def item(envelope: Envelope, value: bytes | None = None) -> Item:
    key = str(envelope.subject).encode()
    topic = envelope.data.topic
    return Item(TP(topic, murmur2(key) % TOPICS[topic].partitions), key, encode(envelope) if value is None else value)


async def put(log: EventLog, *events: Envelope | Event | Item) -> list[Item]:
    """Append events to the log, past any outbox."""
    items = [
        each if isinstance(each, Item) else item(enveloped(each) if isinstance(each, Event) else each)
        for each in events
    ]
    writer = await log.writer()
    await writer.append(items, within=60)
    await writer.abandon()
    return items


_NOTE = sa.text("INSERT INTO effects (key, number, event) VALUES (:key, :number, :event)")
_NOTED = sa.text("SELECT key, number FROM effects ORDER BY id")


async def note(tx: AsyncSession, event: SessionHeld, event_id: UUID | None = None) -> None:
    await tx.execute(_NOTE, {"key": event.request_id, "number": event.number, "event": event_id or uuid7()})


async def noted(engine: AsyncEngine) -> dict[UUID, list[int]]:
    """What took effect, per key in order."""
    found: dict[UUID, list[int]] = {}
    async with engine.connect() as connection:
        for key, number in await connection.execute(_NOTED):
            found.setdefault(key, []).append(number)
    return found


class Sums:
    """A projection: the distinct numbers said of each key, so that neither order nor repeats count."""

    name = "sums"
    events: frozenset[type[Event]] = frozenset({SessionHeld})

    def fold(self, batch: Iterable[Envelope]) -> set[tuple[UUID, int]]:
        return {(e.data.request_id, e.data.number) for e in batch if isinstance(e.data, SessionHeld)}

    async def apply(self, tx: AsyncSession, folded: set[tuple[UUID, int]]) -> None:
        for key, number in sorted(folded):
            await tx.execute(
                sa.text(
                    "INSERT INTO effects (key, number) SELECT CAST(:key AS uuid), :number "
                    "WHERE NOT EXISTS (SELECT FROM effects WHERE key = :key AND number = :number)"
                ),
                {"key": key, "number": number},
            )


def firsts(numbers: Sequence[int]) -> list[int]:
    """The order in which each first occurred."""
    return list(Counter(numbers))


async def eventually(holds: Callable[[], Any], within: float = 120) -> None:
    """Wait until something holds; it may be asked of the database."""
    async with asyncio.timeout(within):
        while True:
            found = holds()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(0.02)
