"""Rebuilding a projection beside the live one, and the moment at which the new one takes its place (G10).

A generation that is being built follows the live one and says nothing. To switch: `hold` the live one, ask `level` in a
transaction until it says yes, and change the row that says which is live in that same transaction. While `level` holds
the positions of both, neither has a batch under way, and whatever one takes afterwards it takes knowing which of them
is live: each record is told by exactly one. The old one stays where it is, to be forgotten or let go to follow in turn.

Hold for seconds only. If they do not become level, `let_go` and hold again later: one that was live a moment ago may
have gone ahead before every instance knew that it follows. Nothing is swallowed then, but it has to be passed first.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from libs.bus.claims import positions
from libs.bus.log import EventLog

_HELD = "held: "
_PARTS = sa.text("SELECT topic, part FROM claims WHERE subscriber = :subscriber ORDER BY topic, part")
# The epoch fences a batch that is under way; one that has come to its position first is waited for.
_HOLD = sa.text("""
UPDATE claims SET stopped = coalesce(stopped, :why), epoch = epoch + 1
WHERE subscriber = :subscriber AND topic = :topic AND part = :part
""")
_LET_GO = sa.text("""
UPDATE claims SET stopped = NULL
WHERE subscriber = :subscriber AND topic = :topic AND part = :part AND starts_with(stopped, :held)
""")
_PLACES = sa.text("""
SELECT subscriber, topic, part, next AS place FROM claims WHERE subscriber IN (:leader, :follower)
FOR UPDATE SKIP LOCKED
""")
_PARKED = sa.text("""
SELECT subscriber, topic, part, "offset" AS place FROM parked WHERE subscriber IN (:leader, :follower)
FOR UPDATE SKIP LOCKED
""")
_ROWS = sa.text("""
SELECT (SELECT count(*) FROM claims WHERE subscriber IN (:leader, :follower)) +
  (SELECT count(*) FROM parked WHERE subscriber IN (:leader, :follower))
""")
_FORGET = [
    sa.text(f"DELETE FROM {table} WHERE subscriber = :subscriber")  # noqa: S608 - the names stand here
    for table in ("claims", "parked", "inbox")
]


class Progress(NamedTuple):
    """How many records of the log a subscriber has behind it, and how many there are."""

    done: int
    total: int


async def hold(engine: AsyncEngine, subscriber: str, why: str) -> None:
    """Stop a subscriber where it is; on return no batch of it is under way.

    Should nobody come to let go, resuming what is stopped does it too.
    """
    await _each(engine, _HOLD, subscriber, why=_HELD + why)


async def let_go(engine: AsyncEngine, subscriber: str) -> None:
    """Let what was held go on. What had stopped for another reason still waits for an operator."""
    await _each(engine, _LET_GO, subscriber, held=_HELD)


async def _each(engine: AsyncEngine, change: sa.TextClause, subscriber: str, **how: str) -> None:
    """One position at a time: who holds one lock only, and waits for the next with none, is in nobody's way."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for topic, part in (await connection.execute(_PARTS, {"subscriber": subscriber})).all():
            await connection.execute(change, {"subscriber": subscriber, "topic": topic, "part": part} | how)


async def level(tx: AsyncSession | AsyncConnection, leader: str, follower: str) -> bool:
    """Whether the follower has taken exactly what its leader has, and will until the transaction ends.

    It never waits: a batch or a replay under way on either side means no. So does a record that only one of the two has
    parked; once replayed it no longer stands between them.
    """
    both = {"leader": leader, "follower": follower}
    places = (await tx.execute(_PLACES, both)).all()
    parked = (await tx.execute(_PARKED, both)).all()
    if len(places) + len(parked) != await tx.scalar(_ROWS, both):
        return False
    heard = {row.topic for row in places if row.subscriber == follower}
    return bool(heard) and all(_of(leader, rows, heard) == _of(follower, rows, heard) for rows in (places, parked))


def _of(subscriber: str, rows: Iterable[sa.Row[Any]], topics: set[str]) -> set[tuple[str, int, int]]:
    """Where a subscriber is on topics that the follower hears; a leader may have rows of one that no code hears now."""
    return {(row.topic, row.part, row.place) for row in rows if row.subscriber == subscriber and row.topic in topics}


async def forget(tx: AsyncSession | AsyncConnection, subscriber: str) -> None:
    """Remove every trace of a generation that is gone, before its own rows: whoever still works on it is done then.

    It does not come back: without a position nothing takes effect, and only a subscription's first session makes one.
    """
    for statement in _FORGET:
        await tx.execute(statement, {"subscriber": subscriber})


async def progress(engine: AsyncEngine, log: EventLog, subscriber: str) -> Progress:
    """How far a subscriber has come through what the log has; a beginner has nothing of nothing."""
    reached = await positions(engine, subscriber)
    bounds = await log.bounds(reached.keys()) if reached else {}
    done = sum(max(0, reached[tp] - bound.first) for tp, bound in bounds.items())
    return Progress(done, sum(bound.end - bound.first for bound in bounds.values()))
