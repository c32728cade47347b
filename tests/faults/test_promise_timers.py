"""The instance that holds the promise's timers is killed again and again: nothing is missed, nothing fires twice."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Literal
from uuid import UUID

import pytest

from libs.bus.kafka import KafkaLog, KafkaWriter
from libs.bus.log import TP, Item, murmur2
from libs.bus.testing import enveloped
from libs.events import TOPICS, Envelope, encode
from libs.events.chat import FirstReplySent
from libs.events.intake import ReplyPromiseKept, ReplyPromiseMissed, RequestAccepted, RequestOpened, RequestReleased
from libs.kit.auth import Principal
from tests.faults.instances import House, firsts, house, told

pytestmark = pytest.mark.faults
KILLS = int(os.environ.get("KILLS", "20"))
CLIENTS, BOTH, TENANT = 3, 0.3, "timers"
SHORT = {
    "chat_reply_within": "PT1S", "chat_answer_within": "PT0.5S", "reply_travels": "PT0.2S",
    "day_cooldown": "PT0S", "night_cooldown": "PT0S",
}  # fmt: skip
ROWS = "SELECT id, promised_until, accepted_by, accepted_at, answered_at, kept_at, missed_at, round FROM requests"
SILENT = "SELECT request_id, specialist_id FROM bars WHERE why = 'silent'"
TRAVELS = timedelta(seconds=0.2)
Fate = Literal["nobody", "silent", "answered"]
LETTERS: dict[type, str] = {
    RequestOpened: "O", RequestAccepted: "A", ReplyPromiseMissed: "M", RequestReleased: "R", ReplyPromiseKept: "K",
}  # fmt: skip
# All that may ever be told of one request. Told missed and kept in time in the end: the news was slow, and corrects it.
STORIES = {
    "nobody": {"OM"},
    "silent": {"OAMR", "OMAR"},
    "answered": {"OAK", "OAMK", "OAMRAK"},
    "answered too late": {"OAM", "OMA", "OAMRA", "OMARA"},
}


@dataclass
class World:
    """Clients who ask, specialists who answer or do not, and what is to become of each request for it."""

    house: House
    log: KafkaLog
    writer: KafkaWriter
    specialists: list[Principal]
    chance: random.Random
    going: bool = True
    fates: dict[UUID, Fate] = field(default_factory=dict)
    winners: dict[UUID, UUID] = field(default_factory=dict)

    async def live(self) -> None:
        """One client after another, until nobody wants to go on."""
        while self.going:
            await self.one()
            await asyncio.sleep(self.chance.uniform(0, 0.2))

    async def one(self) -> None:
        """A client asks; somebody takes it or not, and answers or not."""
        request = UUID(await self.house.opened(self.house.someone("client", TENANT)))
        fate: Fate = self.chance.choice(("nobody", "silent", "answered"))
        if fate != "nobody":
            specialist = self.chance.choice(self.specialists)
            self.winners[request] = specialist.id
            won = await self.house.answer("POST", f"requests/{request}/acceptance", specialist)
            # Won by a press that was killed before its answer, and lost for silence before it was repeated.
            fate = "silent" if won.status == 404 else fate
            if fate == "answered":
                await self.answer(request, specialist, datetime.fromisoformat(won.body["accepted_at"]))
        self.fates[request] = fate

    async def answer(self, request: UUID, specialist: Principal, at: datetime) -> None:
        """Chat tells the bus, now and then twice, of a first message sent in the moment of the acceptance."""
        said = FirstReplySent(tenant=TENANT, at=at, conversation_id=request, specialist_id=specialist.id)
        key, value = str(request).encode(), encode(enveloped(said))
        tp = TP(said.topic, murmur2(key) % TOPICS[said.topic].partitions)
        await self.writer.append([Item(tp, key, value)] * self.chance.choice((1, 1, 2)), within=30)

    async def came_to_pass(self) -> bool:
        """Whether time has caused all that it is to cause."""
        rows = {row["id"]: row for row in await self.house.database.fetch(ROWS)}
        return all(
            (row["answered_at"] if fate == "answered" else row["missed_at"])
            and (fate != "silent" or row["accepted_by"] is None)
            for request, fate in self.fates.items()
            for row in [rows[request]]
        )


@pytest.fixture
async def world(postgres: str, kafka: str, tmp_path: Path) -> AsyncIterator[World]:
    log = KafkaLog(kafka)
    await log.prepare()
    writer = await log.writer()
    async with house(postgres, tmp_path, [{"KAFKA_BOOTSTRAP": kafka}] * 2) as two:
        await two.rules(TENANT, **SHORT)
        yield World(two, log, writer, await two.joined(20, TENANT), random.Random(20))
    await writer.abandon()
    await log.close()


async def test_d6_a_promise_is_watched_over_whichever_instance_dies(world: World) -> None:
    living = [asyncio.create_task(world.live()) for _ in range(CLIENTS)]
    await _kill(world.house, world.chance)
    world.going = False
    await asyncio.gather(*living)
    async with asyncio.timeout(120):
        while not await world.came_to_pass():  # noqa: ASYNC110 - other processes let it come
            await asyncio.sleep(0.2)
    await world.house.at_rest(within=60)
    said = await told(world.log, RequestOpened.topic, TENANT)
    late = await _judged(world, firsts(said))
    counts, kills = Counter(world.fates.values()), sum(instance.kills for instance in world.house.instances)
    print(  # noqa: T201
        f"\n{kills} kills, {len(world.fates)} promises ({counts['nobody']} nobody took, {counts['silent']} winners "
        f"silent, {counts['answered']} answered): none missed, none told twice, {late.corrected} corrected, "
        f"{late.too_late} answered too late; a breach was told {median(late.seconds):.2f} s after it was due, "
        f"at worst {max(late.seconds):.1f} s; {len(said) - len(firsts(said))} events re-sent"
    )


@dataclass
class Late:
    """How much later than due breaches were told, and how many were told too early and corrected."""

    seconds: list[float] = field(default_factory=list)
    corrected: int = 0
    too_late: int = 0


async def _kill(house: House, chance: random.Random) -> None:
    """Now one instance, now the other; now and then both, so that nobody watches for a while."""
    while sum(instance.kills for instance in house.instances) < KILLS:
        for instance in house.instances:
            await instance.started()
        await asyncio.sleep(chance.uniform(0.5, 3))
        victims = house.instances if chance.random() < BOTH else [chance.choice(house.instances)]
        await asyncio.gather(*(victim.kill() for victim in victims))
    for instance in house.instances:
        await instance.started()


async def _judged(world: World, said: list[Envelope]) -> Late:
    """What the log and the tables say of each request, against what was to become of it."""
    rows = {row["id"]: row for row in await world.house.database.fetch(ROWS)}
    silent = {(row["request_id"], row["specialist_id"]) for row in await world.house.database.fetch(SILENT)}
    assert rows.keys() == world.fates.keys()
    told_of: dict[UUID, list[Any]] = {request: [] for request in rows}
    for envelope in said:
        told_of[envelope.subject].append(envelope.data)
    late = Late()
    for request, fate in world.fates.items():
        row, winner = rows[request], world.winners.get(request)
        in_time = fate == "answered" and row["accepted_at"] <= row["promised_until"]
        story = "".join(LETTERS[type(event)] for event in told_of[request])
        assert story in STORIES["answered too late" if fate == "answered" and not in_time else fate], (fate, request)
        assert row["accepted_by"] == (winner if fate == "answered" else None), (fate, story, request)
        assert (row["missed_at"] is None) == in_time, (fate, story, request)
        _count(late, told_of[request], story, too_late=fate == "answered" and not in_time)
    assert silent == {(request, world.winners[request]) for request, fate in world.fates.items() if fate == "silent"}
    return late


def _count(late: Late, events: list[Any], story: str, *, too_late: bool) -> None:
    late.seconds += [(it.at - it.due - TRAVELS).total_seconds() for it in events if isinstance(it, ReplyPromiseMissed)]
    late.corrected += "M" in story and "K" in story
    late.too_late += too_late
