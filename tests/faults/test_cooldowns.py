"""Waits over whole days and under clocks that are wrong; the judge knows the rule from the wall clock alone."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.service import Running
from services.intake import commands
from services.intake.domain import Acceptance, CoolingDown
from services.intake.queries import Presser
from tests.faults.instances import FAKETIME, House, house
from tests.faults.wire import Line
from tests.intake.cast import As, crowd, joined, opened
from tests.people import OLENA, OMAR, THERAPY

pytestmark = pytest.mark.faults
STEP, SECONDS = int(os.environ.get("STEP", "1")), int(os.environ.get("LASTS", "30"))
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
Wait = Callable[[datetime], timedelta]


class Win(NamedTuple):
    """When a winning press was begun, and when its answer came."""

    t_inv: datetime
    t_ret: datetime


def too_soon(wins: Sequence[Win], wait: Wait) -> list[tuple[Win, Win]]:
    """Wins that came too soon after another, even with the largest gap that could have been between the two."""
    return [
        (one, next)
        for one, next in pairwise(sorted(wins))
        if next.t_ret - one.t_inv < min(wait(one.t_inv), wait(one.t_ret))
    ]


def by_wall_clock(offset: Callable[[datetime], int]) -> Wait:
    """Twenty minutes from nine to nine by day, six by night, on a clock that is so many hours ahead."""

    def wait(at: datetime) -> timedelta:
        hour = (at.astimezone(UTC) + offset(at) * HOUR).hour
        return timedelta(minutes=20 if 9 <= hour < 21 else 6)

    return wait


SUMMER = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
MOSCOW = by_wall_clock(lambda _: 3)
KYIV = by_wall_clock(lambda at: 3 if SUMMER[0] <= at < SUMMER[1] else 2)


@pytest.mark.parametrize(
    ("after", "refused"),
    [
        (timedelta(minutes=6) - SECOND, True), (timedelta(minutes=6), False),
        # The answer of the second came late enough, so that the two may have been far enough apart.
        (timedelta(minutes=6) - 2 * SECOND, True),
    ],
)  # fmt: skip
def test_the_judge_sees_a_win_that_came_too_soon(after: timedelta, refused: bool) -> None:
    night = datetime(2026, 3, 2, 1, tzinfo=UTC)
    wins = [Win(night, night + SECOND / 2), Win(night + after - SECOND / 4, night + after)]
    assert bool(too_soon(wins, MOSCOW)) is refused
    assert too_soon([Win(each.t_inv + 8 * HOUR, each.t_ret + 8 * HOUR) for each in wins], MOSCOW)


class Day(NamedTuple):
    """A day of a house, and as many wins as its waits allow."""

    zone: str
    midnight: datetime
    hours: int
    most: int
    wait: Wait


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(Day("Europe/Moscow", datetime(2026, 3, 1, 21, tzinfo=UTC), 24, 156, MOSCOW), id="moscow"),
        pytest.param(Day("Europe/Kyiv", datetime(2026, 3, 28, 22, tzinfo=UTC), 23, 146, KYIV), id="kyiv_in_spring"),
        pytest.param(Day("Europe/Kyiv", datetime(2026, 10, 24, 21, tzinfo=UTC), 25, 166, KYIV), id="kyiv_in_autumn"),
    ],
)
async def test_b5_d4_who_presses_every_second_of_a_day_never_wins_too_soon(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, day: Day
) -> None:
    """One presses every second, others seldomer and so at other phases; no day has more wins than its waits allow."""
    changes = {"changes": {"race": {"zone": day.zone}}}
    changed = await intake_client.post("policies", json=changes, headers=as_(OMAR, key=str(uuid7())))
    assert changed.status_code == 201
    pressers = [
        Greedy(intake_client, as_, racer, every * STEP)
        for racer, every in zip(await joined(intake_service, crowd(3)), (1, 7, 61), strict=True)
    ]
    async with AsyncExitStack() as stack:
        connections = [await stack.enter_async_context(intake_service.database.autocommit(THERAPY)) for _ in pressers]
        for second in range(0, day.hours * 3600, STEP):
            at = day.midnight + second * SECOND
            with clock.at(at):
                for presser, connection in zip(pressers, connections, strict=True):
                    if second % presser.every == 0:
                        await presser.press(connection, at)
    for presser in pressers:
        assert too_soon([Win(at, at) for at in presser.wins], day.wait) == []
        assert len(presser.wins) <= day.most
    assert len(pressers[0].wins) == day.most
    presses = sum(presser.presses for presser in pressers)
    date = f"{day.midnight + 12 * HOUR:%d %B}"
    print(f"\n{day.zone}, {date}: {presses} presses in {day.hours} h, {day.most} wins at most, 0 too soon")  # noqa: T201


@dataclass
class Greedy:
    """Presses on a request of their own as often as they can."""

    client: httpx.AsyncClient
    as_: As
    racer: Principal
    every: int
    presses: int = 0
    request: UUID | None = None
    wins: list[datetime] = field(default_factory=list)

    async def press(self, connection: Any, at: datetime) -> None:
        """One press; what was won makes room for the next."""
        self.presses += 1
        self.request = self.request or UUID((await opened(self.client, self.as_, OLENA))["id"])
        presser = Presser(self.racer.id, THERAPY, f"{self.presses}", None)
        try:
            answer = await commands.press_accept(connection, self.request, presser)
        except CoolingDown:
            return
        assert isinstance(answer, Acceptance)
        self.wins.append(at)
        self.request = None


@pytest.fixture
async def skewed(postgres: str, tmp_path: Path) -> AsyncIterator[House]:
    """One instance lives three hours ago, the other in three hours, and there a minute has ninety seconds."""
    wrong = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    wrong |= {"DATABASE_URL": postgres, "PYTHONDONTWRITEBYTECODE": "1"}
    async with house(postgres, tmp_path, [wrong | {"FAKETIME": said} for said in ("-3h", "+3h x1.5")]) as made:
        made.vouched_ago = 4 * HOUR
        yield made


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
async def test_i10_clocks_of_instances_that_are_wrong_change_nothing(skewed: House) -> None:
    """The day ends in the middle of the run; by either instance's clock it would have been night all the time."""
    began = clock.now()
    evening = began + SECONDS / 2 * SECOND
    await skewed.rules("skewed", **_rules(began, evening))

    def wait(at: datetime) -> timedelta:
        return (3 if at < evening else 1) * SECOND

    wins = await asyncio.gather(
        *(_greedy(skewed, racer, began + SECONDS * SECOND) for racer in await skewed.joined(4, "skewed"))
    )
    for each in wins:
        assert too_soon([Win(t_inv, t_ret) for t_inv, t_ret, _ in each], wait) == []
        for t_inv, t_ret, won in each:
            accepted, ready = (datetime.fromisoformat(won[name]) for name in ("accepted_at", "ready_at"))
            assert t_inv <= accepted <= t_ret
            assert ready - accepted == wait(accepted)
    assert not await skewed.database.fetchval("SELECT count(*) FROM requests WHERE missed_at < promised_until")
    days, nights = (sum((t_inv < evening) is day for each in wins for t_inv, _, _ in each) for day in (True, False))
    assert days
    assert nights > days
    print(f"\ninstances at -3 h and at +3 h x1.5: {days} wins by day and {nights} by night, 0 too soon")  # noqa: T201


def _rules(began: datetime, evening: datetime) -> dict[str, str]:
    """A day of the house that ends in a moment, where it is noon now."""
    ahead = 12 - began.hour
    noon = f"Etc/GMT{-ahead:+d}"
    ends: time = (evening + ahead * HOUR).time()
    return {
        "zone": noon,
        "day_begins": "11:00",
        "day_ends": ends.isoformat(),
        "day_cooldown": "PT3S",
        "night_cooldown": "PT1S",
    }


async def _greedy(house: House, racer: Principal, until: datetime) -> list[tuple[datetime, datetime, Any]]:
    """Press on both instances in turn, and again as soon as there is an answer."""
    lines, token, won = [Line(instance.port) for instance in house.instances], house.token(racer), []
    request, turn = await house.opened(house.someone("client", racer.tenant)), 0
    while (t_inv := clock.now()) < until:
        turn += 1
        answer = await lines[turn % 2].ask("POST", f"requests/{request}/acceptance", token, key=uuid7())
        # The clocks are as wrong as they are said to be.
        assert round((answer.at - t_inv) / HOUR) == (-3, 3)[turn % 2]
        if answer.status == 201:
            won.append((t_inv, clock.now(), answer.body))
            request = await house.opened(house.someone("client", racer.tenant))
        else:
            assert answer.status == 429, answer
            await asyncio.sleep(0.02)
    for line in lines:
        await line.close()
    return won
