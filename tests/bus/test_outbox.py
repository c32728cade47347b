"""G1: said if and only if it happened."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from libs.bus import outbox, publish
from libs.bus.context import Cause, cause
from libs.bus.ids import uuid7
from libs.bus.testing import outbox as waiting
from libs.events import TooLarge
from tests.bus.saying import note, noted, said

Sessions = async_sessionmaker[AsyncSession]


async def test_an_event_exists_exactly_when_its_change_does(engine: AsyncEngine, sessions: Sessions) -> None:
    kept, undone = uuid7(), uuid7()
    async with sessions.begin() as tx:
        await note(tx, said(kept, 1))
        await publish(tx, said(kept, 1))
    with pytest.raises(RuntimeError):
        async with sessions.begin() as tx:
            await note(tx, said(undone, 1))
            await publish(tx, said(undone, 1))
            raise RuntimeError
    assert [e.subject for e in await waiting(engine)] == [kept]
    assert list(await noted(engine)) == [kept]


async def test_a_commit_that_fails_leaves_no_event(engine: AsyncEngine, sessions: Sessions) -> None:
    async with engine.begin() as tx:
        column = "other int REFERENCES late DEFERRABLE INITIALLY DEFERRED"
        await tx.execute(sa.text(f"CREATE TABLE IF NOT EXISTS late (id int PRIMARY KEY, {column})"))
    with pytest.raises(sa.exc.IntegrityError):
        async with sessions.begin() as tx:
            await tx.execute(sa.text("INSERT INTO late VALUES (1, 99)"))
            await publish(tx, said(uuid7(), 1))
    assert await waiting(engine) == []


async def test_the_order_of_saying_is_the_order_of_waiting(engine: AsyncEngine, sessions: Sessions) -> None:
    key = uuid7()
    async with sessions.begin() as tx:
        await publish(tx, said(key, 1), said(key, 2))
        await publish(tx, said(key, 3))
    assert [e.data.number for e in await waiting(engine)] == [1, 2, 3]  # type: ignore[attr-defined]


async def test_an_event_remembers_what_led_to_it(engine: AsyncEngine, sessions: Sessions) -> None:
    why = Cause(uuid7(), uuid7(), "00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    token = cause.set(why)
    async with sessions.begin() as tx:
        await publish(tx, said(uuid7(), 1))
    cause.reset(token)
    (event,) = await waiting(engine)
    assert (event.correlationid, event.causationid, event.traceparent) == (
        why.correlation_id, why.causation_id, why.traceparent,
    )  # fmt: skip


async def test_an_oversized_event_is_refused_in_the_callers_transaction(
    engine: AsyncEngine, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.events.envelope.SIZE_CAP", 10)
    with pytest.raises(TooLarge):
        async with sessions.begin() as tx:
            await note(tx, said(uuid7(), 1))
            await publish(tx, said(uuid7(), 1))
    assert await noted(engine) == {}


async def test_a_commit_wakes_the_relay(engine: AsyncEngine, sessions: Sessions) -> None:
    news = outbox.alarm_of(engine)
    news.clear()
    async with sessions.begin() as tx:
        await publish(tx, said(uuid7(), 1))
        assert not news.is_set()
    assert news.is_set()


def test_ids_sort_by_the_moment_they_were_made() -> None:
    made = [uuid7() for _ in range(100)]
    assert len(set(made)) == 100
    for one in made:
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
    milliseconds = [one.int >> 80 for one in made]
    assert milliseconds == sorted(milliseconds)
    assert abs(milliseconds[0] / 1000 - datetime.now(UTC).timestamp()) < 60  # noqa: TID251 - judged by the real clock
    assert UUID(str(made[0])) == made[0]
