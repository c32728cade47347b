"""The outbox: an event is here exactly when the change it tells of was committed, until the log has it."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet

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
_sleepers: WeakKeyDictionary[Engine, WeakSet[asyncio.Event]] = WeakKeyDictionary()


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


def alarm_of(engine: AsyncEngine) -> asyncio.Event:
    """An alarm of one's own, which goes off as soon as this process has committed an event: what a relay sleeps on."""
    alarm = asyncio.Event()
    _sleepers.setdefault(engine.sync_engine, WeakSet()).add(alarm)
    return alarm


def nudge(engine: AsyncEngine) -> None:
    """Tell who sleeps in this process that there is something in the outbox; without it, they look by themselves."""
    _wake(engine.sync_engine)


def _wake(engine: Engine) -> None:
    for alarm in _sleepers.get(engine, ()):
        alarm.set()
