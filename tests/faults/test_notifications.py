"""Workers that tell people are killed again and again: nothing is lost, nothing doubled, nobody told a third time."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response

from tests.chat.ignoring import at_rest, heard_of, watched, wrong
from tests.chat.notices import House
from tests.faults.instances import ROOT
from tests.kit.couriers import Exchange
from tests.people import ANNA, BORIS, OLENA

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("KILLS", "20"))
TALKS, WORKERS, BOTH = 8, 2, 0.2
QUICK = {
    "notify_after": "PT0.1S", "told_again_after": "PT0S", "retry_after": "PT0.1S", "attempts": 100,
    "attempt_lasts": "PT1S",
}  # fmt: skip
SECRET = "the gateway knows us by this"


@dataclass
class Moody(Exchange):
    """A gateway that is slow, now and then away, and now and then takes a message but does not say so."""

    chance: random.Random = field(default_factory=random.Random)
    moods: Counter[str] = field(default_factory=Counter)

    async def take(self, request: Request) -> Response:
        """A gateway's day."""
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        mood = self.chance.choices(("good", "away", "silent"), (8, 1, 1))[0]
        self.moods[mood] += 1
        if mood == "away":
            return Response(status_code=503)
        answer = await super().take(request)
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        return Response(status_code=500) if mood == "silent" else answer


@dataclass
class Worker:
    """A process that tells people; killed, it comes again."""

    arguments: list[str]
    kills: int = 0
    process: Process | None = None

    async def start(self) -> None:
        """Run, and return once it works."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.notifying_worker", *self.arguments, cwd=ROOT, stdout=PIPE
        )
        assert self.process.stdout
        assert await asyncio.wait_for(self.process.stdout.readline(), 60) == b"ready\n"

    async def kill(self) -> None:
        """End it as a power cut would, and start it again."""
        await self.end()
        self.kills += 1
        await self.start()

    async def end(self) -> None:
        """End it, if it runs."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@dataclass
class World:
    """A house, its workers, and a gateway outside."""

    house: House
    exchange: Moody
    workers: list[Worker]
    outbox: Path
    chance: random.Random
    going: bool = True
    written: int = 0

    def shown(self) -> Counter[UUID]:
        """How often each notification came out: SMS by their idempotency key, mail by its file."""
        shown = Counter(UUID(key) for key in self.exchange.shown)
        return shown + Counter(UUID(file.stem) for file in self.outbox.glob("*.txt"))

    async def live(self, talk: UUID, by: Any) -> None:
        """The counterpart writes; the client reads, answers, or looks away for a while."""
        while self.going:
            seq = await self.house.write(by, talk)
            self.written += 1
            await asyncio.sleep(self.chance.uniform(0, 0.8))
            match self.chance.randrange(6):
                case 0:
                    await self.house.read(OLENA, talk, seq)
                case 1:
                    await asyncio.gather(self.house.write(OLENA, talk), self.house.write(by, talk))
                case 2:
                    await asyncio.gather(self.house.write(by, talk), self.house.read(OLENA, talk, seq))

    async def kill(self) -> None:
        """Now one worker, now the other, now and then both, at moments that the seed chooses."""
        while sum(worker.kills for worker in self.workers) < KILLS:
            await asyncio.sleep(self.chance.uniform(0.1, 1.5))
            both = self.chance.random() < BOTH
            await asyncio.gather(*(it.kill() for it in (self.workers if both else [self.chance.choice(self.workers)])))


@pytest_asyncio.fixture
async def world(
    chat_service: Any, chat_client: Any, as_: Any, *, serve: Any, platform: Any, tmp_path: Path
) -> AsyncIterator[World]:
    house, chance = House(chat_service, chat_client, as_), random.Random(7)
    await house.rules(**QUICK)
    for who in (OLENA, ANNA, BORIS):
        await house.reached(who)
    exchange = Moody(SECRET, chance=chance)
    arguments = [
        chat_service.database.engine.url.render_as_string(hide_password=False), f"{await serve(exchange.app)}/sms",
        SECRET, (platform.run_dir / "chat-keys").read_text(), str(tmp_path),
    ]  # fmt: skip
    workers = [Worker(arguments) for _ in range(WORKERS)]
    async with watched(chat_service):
        await asyncio.gather(*(worker.start() for worker in workers))
        yield World(house, exchange, workers, tmp_path / "outbox", chance)
        await asyncio.gather(*(worker.end() for worker in workers))


async def test_d9_nobody_is_told_twice_or_a_third_time_or_not_at_all_whoever_dies(world: World) -> None:
    talks = [(await world.house.talk(by=by), by) for by in (ANNA, BORIS) * (TALKS // 2)]
    living = [asyncio.create_task(world.live(talk, by)) for talk, by in talks]
    await world.kill()
    world.going = False
    await asyncio.gather(*living)
    async with asyncio.timeout(120):
        while not await at_rest(world.house.service):  # noqa: ASYNC110 - other processes work on it
            await asyncio.sleep(0.1)
    told, shown = await heard_of(world.house.service), world.shown()
    assert wrong(told, shown) == []
    rows = await world.house.rows()
    again = sum(row.attempts > 1 for row in rows)
    repeats = len(world.exchange.asked) - len(world.exchange.shown)
    kinds = Counter(each.what for story in told.stories.values() for each in story)
    assert world.exchange.moods["silent"]
    assert again > KILLS // 4
    print(  # noqa: T201
        f"\n{sum(it.kills for it in world.workers)} kills, {world.written} messages written to a client, "
        f"{len(rows)} notifications, {Counter(row.state for row in rows)}, shown {len(shown)} and each once; "
        f"{again} handed over again, of which the gateway knew {repeats}; {kinds['seen']} reads, {kinds['muted']} "
        f"talks silenced after two; gateway {dict(world.exchange.moods)}"
    )
