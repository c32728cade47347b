"""The outbox: an event is here exactly when the change it tells of was committed, until the log has it."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from libs.bus import clock
from libs.bus.context import Cause, cause
from libs.bus.ids import uuid7
from libs.bus.log import murmur2
from libs.events import Event, encode, wrap

_ADD = sa.text(
    "INSERT INTO outbox (topic, slot, key, value) SELECT * FROM unnest("
    "CAST(:topics AS text[]), CAST(:slots AS int[]), CAST(:keys AS uuid[]), CAST(:values AS bytea[]))"
)
_relays: WeakKeyDictionary[Engine, asyncio.Event] = WeakKeyDictionary()


class Prepared(NamedTuple):
    """An event as an outbox row."""

    topic: str
    slot: int
    key: UUID
    value: bytes


def prepare(data: Event) -> Prepared:
    """The row for a statement that writes its change and its event in one trip. Raises TooLarge."""
    why = cause.get() or Cause(correlation_id=uuid7())
    envelope = wrap(
        data, id=uuid7(), source=f"/{data.topic.partition('.')[0]}", recorded=clock.now(),
        correlation=why.correlation_id, causation=why.causation_id, traceparent=why.traceparent,
    )  # fmt: skip
    return Prepared(data.topic, murmur2(str(data.key_id).encode()), data.key_id, encode(envelope))


async def publish(tx: AsyncSession, *events: Event) -> None:
    """Say what happened, in the transaction in which it happens; the order of calls is the order per key."""
    await publish_prepared(tx, [prepare(data) for data in events])


async def publish_prepared(tx: AsyncSession, rows: Sequence[Prepared]) -> None:
    """The same for events that had a cause each when they were prepared: one statement for all of them."""
    if not rows:
        return
    topics, slots, keys, values = map(list, zip(*rows, strict=True))
    await tx.execute(_ADD, {"topics": topics, "slots": slots, "keys": keys, "values": values})
    engine = tx.sync_session.get_bind().engine
    event.listen(tx.sync_session, "after_commit", lambda _: _wake(engine), once=True)


def relay_waits_on(engine: AsyncEngine) -> asyncio.Event:
    """What a relay sleeps on, so that an event leaves as soon as its transaction has committed."""
    return _relays.setdefault(engine.sync_engine, asyncio.Event())


def nudge(engine: AsyncEngine) -> None:
    """Tell the relay of this process that there is something in the outbox; without it, it looks by itself."""
    _wake(engine.sync_engine)


def _wake(engine: Engine) -> None:
    if engine in _relays:
        _relays[engine].set()
