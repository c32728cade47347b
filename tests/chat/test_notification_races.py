"""Reading, writing and telling at the same moment: never a third unread one in a row, never one that was read."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.couriers import DELIVERED, Courier, Couriers, Outcome, Parcel, later
from services.chat import commands, jobs
from services.chat.commands import Desk, deliveries, messages, notifications
from services.chat.domain import notifications as domain
from services.chat.queries import notifications as queries
from tests.chat.ignoring import at_rest, heard_of, watched, wrong
from tests.chat.notices import LINK, House
from tests.people import ANNA, BORIS, OLENA

TALKS, MESSAGES, WORKERS, LOOKS_AWAY = 6, 16, 3, 0.7
WAITS = "SELECT EXISTS (SELECT FROM notifications WHERE conversation_id = :talk AND look_at IS NOT NULL)"
QUICK = {"notify_after": "PT0.03S", "told_again_after": "PT0S", "retry_after": "PT0.02S", "attempts": 100}


class Restless(Courier):
    """A courier that takes its time, now and then fails, and now and then delivers but says that it failed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.shown = chance, Counter[UUID]()
        self.known: dict[UUID, Parcel] = {}

    async def deliver(self, parcel: Parcel) -> Outcome:
        await asyncio.sleep(self.chance.uniform(0, 0.03))
        luck = self.chance.random()
        if luck < 0.1:
            return later("away")
        if self.known.setdefault(parcel.id, parcel) != parcel:
            return later("another text under the same id")
        self.shown[parcel.id] = 1
        return later("unsaid") if luck < 0.2 else DELIVERED


@pytest_asyncio.fixture
async def house(chat_service: Any, chat_client: Any, as_: Any) -> AsyncIterator[House]:
    made = House(chat_service, chat_client, as_)
    await made.rules(**QUICK)
    await made.reached(OLENA)
    for who in (ANNA, BORIS):
        await made.reached(who)
    async with watched(chat_service):
        yield made


async def lived(house: House, seed: int, *, within: float = 60) -> tuple[Restless, list[str]]:
    """Let people talk, read and look away while workers tell; what was wrong with it."""
    chance = random.Random(seed)
    courier, resting = Restless(chance), asyncio.Event()
    desk = Desk(house.service.resources.vault.sealer, LINK, Couriers({"sms": courier, "mail": courier}))

    async def work() -> None:
        while not resting.is_set():
            await jobs.tell_people(house.service.database, desk)
            await asyncio.sleep(chance.uniform(0, 0.02))

    workers = [asyncio.create_task(work()) for _ in range(WORKERS)]
    talks = [(await house.talk(by=by), by) for by in (ANNA, BORIS) * (TALKS // 2)]
    await asyncio.gather(*(_talk(house, talk, by, chance) for talk, by in talks))
    try:
        async with asyncio.timeout(within):
            while not await at_rest(house.service):  # noqa: ASYNC110 - the workers work on it
                await asyncio.sleep(0.05)
    except TimeoutError:
        pass
    resting.set()
    await asyncio.gather(*workers)
    return courier, wrong(await heard_of(house.service), courier.shown)


async def _talk(house: House, talk: UUID, by: Any, chance: random.Random) -> None:
    """The counterpart writes; the client reads now and then, some of it, several devices at once, or answers."""
    for _ in range(MESSAGES):
        seq = await house.write(by, talk)
        await (told_of(house, talk) if chance.random() < LOOKS_AWAY else asyncio.sleep(chance.uniform(0, 0.05)))
        match chance.randrange(9):
            case 0:
                await asyncio.gather(*(house.read(OLENA, talk, max(1, seq - back)) for back in (0, 0, 1)))
            case 1:
                await asyncio.gather(house.write(OLENA, talk), house.write(by, talk))
            case 2:
                await asyncio.gather(house.write(by, talk), house.read(OLENA, talk, seq), house.read(by, talk, seq))


async def told_of(house: House, talk: UUID) -> None:
    """However slow the machine is, the workers get their turn now and then."""
    for _ in range(12):
        async with house.service.database.session(ANNA.tenant) as tx:
            if not await tx.scalar(text(WAITS), {"talk": talk}):
                return
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("seed", range(2))
async def test_d9_two_in_a_row_are_enough_however_reading_and_telling_race(house: House, seed: int):
    courier, found = await lived(house, seed)
    assert found == []
    told = await heard_of(house.service)
    kinds = Counter(each.what for story in told.stories.values() for each in story)
    assert min(kinds["seen"], kinds["handed"], len(courier.shown)) > 20
    assert kinds["muted"]


def _never_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "COUNT", deliveries.COUNT.replace("ignored + $4", "ignored + 0 * $4"))


def _read_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    judge = domain.judge

    def blind(due: Any, who: Any, *rest: Any) -> Any:
        verdict = judge(due, who, *rest)
        return "hand_over" if verdict == "read" else verdict

    patch.setattr(domain, "judge", blind)


def _reading_does_not_reset(patch: pytest.MonkeyPatch) -> None:
    for where, name in ((notifications, "PRESENT"), (messages, "KEEP")):
        patch.setattr(where, name, getattr(where, name).replace("ignored = 0", "ignored = a.ignored"))


def _sent_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    async def marked_first(tx: Any, handed: Any, _: Any, *, now: Any) -> None:
        await deliveries.mark(tx, handed, DELIVERED, now=now)

    patch.setattr(commands, "mark", marked_first)


def _another_id_each_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliveries, "_parcel", lambda _, *rest: _parcel(uuid7(), *rest))


def _nobody_locks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queries, "TAKE", queries.TAKE.partition("FOR UPDATE")[0])


def _mail_is_put_together(patch: pytest.MonkeyPatch) -> None:
    only = messages.KEEP.replace("WHERE o.muted_by IS NULL", "WHERE o.side = 'client' AND o.muted_by IS NULL")
    patch.setattr(messages, "KEEP", only)


_parcel = deliveries._parcel


@pytest.mark.faults
@pytest.mark.parametrize(
    ("bug", "says"),
    [
        (_never_counted, "times in a row"),
        (_read_is_not_looked_at, "and had read"),
        (_reading_does_not_reset, "was silenced"),
        (_sent_before_it_is_sent, "is sent and was shown 0 times"),
        (_another_id_each_time, "is None"),
        (_mail_is_put_together, "no mail for"),
        (_nobody_locks, "was "),
    ],
)
async def test_a_planted_bug_does_not_pass(house: House, bug: Any, says: str, monkeypatch: pytest.MonkeyPatch):
    bug(monkeypatch)
    _, found = await lived(house, 1, within=4)
    assert any(says in each for each in found), found


async def test_a_talk_may_be_erased_while_its_client_is_being_told(house: House):
    """Neither waits for the other in a circle: erasing goes first, and whoever was telling finds nothing left."""
    chance, erased = random.Random(3), asyncio.Event()
    courier = Restless(chance)
    desk = Desk(house.service.resources.vault.sealer, LINK, Couriers({"sms": courier, "mail": courier}))
    talks = [await house.talk() for _ in range(TALKS)]
    for talk in talks:
        await asyncio.gather(house.write(ANNA, talk), house.write(OLENA, talk), house.write(ANNA, talk))

    async def erase(talk: UUID) -> None:
        await asyncio.sleep(chance.uniform(0, 0.4))
        async with house.service.database.session(ANNA.tenant) as tx:
            await commands.erase_conversation(tx, talk, tenant=ANNA.tenant, asked_by="ops", now=clock.now())

    async def work() -> None:
        while not erased.is_set():
            await jobs.tell_people(house.service.database, desk)

    workers = [asyncio.create_task(work()) for _ in range(WORKERS)]
    await asyncio.gather(*map(erase, talks))
    erased.set()
    await asyncio.gather(*workers)
    assert await house.rows() == []
