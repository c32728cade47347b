"""A projection to be rebuilt in tests, what hears the events it publishes, and a bus that is quick to notice."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from libs.bus import Bus, Consumers, publish
from libs.bus.consumers import Generation, Projection, subscriber
from libs.bus.delivery import Subscription
from libs.bus.rebuild import hold, let_go, level
from libs.events import Envelope, Event
from libs.events.intake import SessionHeld
from libs.events.stats import CountRestated, FiguresRestated
from tests.bus.saying import NOW, eventually

TABLES = """
CREATE TABLE IF NOT EXISTS generations (number int PRIMARY KEY);
CREATE TABLE IF NOT EXISTS live (number int NOT NULL);
CREATE TABLE IF NOT EXISTS heard (generation int, key uuid, number int, PRIMARY KEY (generation, key, number));
CREATE TABLE IF NOT EXISTS totals (generation int, key uuid, total int, times int, PRIMARY KEY (generation, key));
CREATE TABLE IF NOT EXISTS told (generation int, key uuid, number int);
TRUNCATE generations, live, heard, totals, told;
INSERT INTO generations VALUES (1);
INSERT INTO live VALUES (1)
"""
_HEAR = sa.text("""
INSERT INTO heard SELECT :generation, key, number
FROM unnest(CAST(:keys AS uuid[]), CAST(:numbers AS int[])) AS said (key, number)
ON CONFLICT DO NOTHING RETURNING key, number
""")
_ADD = sa.text("""
INSERT INTO totals VALUES (:generation, :key, :total, :times) ON CONFLICT (generation, key)
DO UPDATE SET total = totals.total + excluded.total, times = totals.times + excluded.times
""")
_TOTALS = sa.text("SELECT key, total, times FROM totals WHERE generation = :generation")
_AHEAD = sa.text("""
SELECT count(*) FROM claims AS mine JOIN claims AS other USING (topic, part)
WHERE mine.subscriber = :mine AND other.subscriber = :other AND mine.next > other.next
""")
Hook = Callable[[int], Awaitable[None]]


class Folded(NamedTuple):
    """The distinct numbers said of each key, and how often each key was spoken of."""

    said: set[tuple[UUID, int]]
    times: Counter[UUID]


class Total:
    """One generation: the sum of the distinct numbers said of each key. While it is live, it tells of each number."""

    events: frozenset[type[Event]] = frozenset({SessionHeld})

    def __init__(self, all_of_them: "Totals", generation: int) -> None:
        self.most = all_of_them.most
        self.name, self._all, self._generation = f"{all_of_them.name}.{generation}", all_of_them, generation

    def fold(self, batch: Iterable[Envelope]) -> Folded:
        facts = [e.data for e in batch if isinstance(e.data, SessionHeld)]
        return Folded({(fact.request_id, fact.number) for fact in facts}, Counter(fact.request_id for fact in facts))

    async def apply(self, tx: AsyncSession, folded: Folded) -> None:
        await self._all.before(self._generation)
        said = sorted(folded.said)
        rows = {"generation": self._generation, "keys": [key for key, _ in said], "numbers": [n for _, n in said]}
        new = [(row.key, row.number) for row in await tx.execute(_HEAR, rows)]
        for key, times in sorted(folded.times.items()):
            total = sum(number for each, number in new if each == key)
            await tx.execute(_ADD, {"generation": self._generation, "key": key, "total": total, "times": times})
        live = await tx.scalar(sa.text("SELECT number FROM live"))
        if live == self._generation:
            await publish(tx, *(restated(key, number, self._generation) for key, number in new))
        elif await tx.scalar(_AHEAD, {"mine": self.name, "other": f"{self._all.name}.{live}"}):
            self._all.overtook += 1
        await self._all.after(self._generation)


async def nothing(_: int) -> None:
    """Nothing happens."""


class Totals:
    """The projection in its generations; all but the live one follow it."""

    name = "totals"

    def __init__(self, before: Hook = nothing, after: Hook = nothing, *, most: int = 60) -> None:
        self.before, self.after, self.most, self.overtook = before, after, most, 0

    async def generations(self, engine: AsyncEngine) -> Sequence[Generation]:
        async with engine.connect() as tx:
            rows = await tx.execute(sa.text("SELECT g.number, g.number = live.number FROM generations AS g, live"))
            return [Generation(number, live) for number, live in rows]

    def generation(self, number: int) -> Projection:
        return Total(self, number)


def restated(key: UUID, number: int, generation: int) -> FiguresRestated:
    """What a generation tells of a number."""
    return FiguresRestated(
        tenant="therapy", at=NOW, specialist_id=key, day=date(2026, 3, 1), cause="merge",
        decision_id=UUID(int=generation), changed=(CountRestated("sessions", 0, number),),
    )  # fmt: skip


def listener() -> Consumers:
    """Writes down what the generations tell."""
    consumers = Consumers("listener")

    @consumers.on(FiguresRestated)
    async def write_down(event: FiguresRestated, tx: AsyncSession) -> None:
        assert event.decision_id is not None
        row = {"teller": event.decision_id.int, "key": event.specialist_id, "number": event.changed[0].after}
        await tx.execute(sa.text("INSERT INTO told VALUES (:teller, :key, :number)"), row)

    return consumers


async def told(engine: AsyncEngine) -> Counter[tuple[UUID, int]]:
    """How often others were told of each number."""
    async with engine.connect() as tx:
        return Counter((row.key, row.number) for row in await tx.execute(sa.text("SELECT key, number FROM told")))


async def tellers(engine: AsyncEngine, key: UUID) -> list[int]:
    """Which generations told of a key."""
    async with engine.connect() as tx:
        rows = await tx.execute(sa.text("SELECT generation FROM told WHERE key = :key ORDER BY number"), {"key": key})
        return list(rows.scalars())


async def totals(tx: AsyncConnection, generation: int) -> dict[UUID, tuple[int, int]]:
    """What a generation has made of each key: its total, and how many records went into it."""
    rows = await tx.execute(_TOTALS, {"generation": generation})
    return {row.key: (row.total, row.times) for row in rows}


async def build(engine: AsyncEngine, number: int) -> None:
    """Begin a generation."""
    async with engine.begin() as tx:
        await tx.execute(sa.text("INSERT INTO generations VALUES (:number)"), {"number": number})


async def switch(engine: AsyncEngine, old: int, new: int) -> None:
    """What a service's command does once the new generation is nearly level; the old one then stays where it is."""
    await let_go(engine, f"totals.{new}")
    for _ in range(20):
        await hold(engine, f"totals.{old}", "rebuild")
        with suppress(TimeoutError):
            return await eventually(lambda: switched(engine, old, new), within=5)
        await let_go(engine, f"totals.{old}")
        await asyncio.sleep(0.5)
    raise AssertionError("they do not become level")


async def switched(engine: AsyncEngine, old: int, new: int) -> bool:
    """Whether the two were level, so that the one row could change; level means equal."""
    async with engine.begin() as tx:
        if await tx.scalar(sa.text("SELECT number FROM live")) == new:
            return True  # it changed before, though whoever changed it was not told
        if not await level(tx, f"totals.{old}", f"totals.{new}"):
            return False
        assert await totals(tx, old) == await totals(tx, new)
        await tx.execute(sa.text("UPDATE live SET number = :new"), {"new": new})
    return True


class Brisk(Bus):
    """Holds its claims briefly, so that what another left behind is soon taken up."""

    lease = timedelta(milliseconds=300)

    def _hears(self, heard: Consumers | Projection) -> Subscription:
        return Subscription(self._engine, self._log, subscriber(heard), self._owner, lease=self.lease)


class Lasting(Brisk):
    """Holds its claims for longer than any test lasts, so that they are free only if it lets them go."""

    lease = timedelta(hours=1)
