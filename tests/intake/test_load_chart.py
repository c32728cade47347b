"""The load chart, against a recomputation that knows no SQL."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import event, insert

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.service import Running
from services.intake.domain import Rules
from services.intake.queries.load import span
from services.intake.tables import BarRow, PressRow, RequestRow
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, OMAR, STRANGE_SPECIALIST, THERAPY, Principal

KYIV, WEEK = ZoneInfo("Europe/Kyiv"), timedelta(weeks=1)
# Clocks go forward in Kyiv on 29 March and back on 25 October 2026.
SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Race:
    """What happened to one request; a loser is who pressed how many milliseconds too late, perhaps several times."""

    tenant: str
    opened_at: datetime
    winner: UUID | None = None
    waited: timedelta = timedelta(0)
    losers: tuple[tuple[UUID, tuple[int, ...]], ...] = ()
    direct_to: UUID | None = None
    taken_back: bool = False

    @property
    def accepted_at(self) -> datetime:
        return self.opened_at + self.waited


def generated(seed: int, around: Iterable[datetime], tenant: str = THERAPY) -> list[Race]:
    """Races of every kind in the weeks around some moments, most of them near the moments themselves."""
    chance, races = random.Random(seed), []
    people = [ANNA.id, BORIS.id, uuid7()]
    for middle in around:
        for _ in range(220):
            spread = chance.choice([timedelta(hours=3), timedelta(days=9)])
            wait = timedelta(milliseconds=chance.choice([chance.randrange(60_000), 3_600_000]))
            winner, *others = chance.sample(people, 3)
            losers = tuple((each, tuple(chance.sample(range(9_000_000), chance.choice([1, 1, 3])))) for each in others)
            race = Race(tenant, middle + spread * chance.uniform(-1, 1), winner, wait, losers[: chance.randrange(3)])
            kind = chance.random()
            if kind < 0.15:
                race = replace(race, winner=None, losers=())
            elif kind < 0.25:
                race = replace(race, direct_to=chance.choice(people))
            elif kind < 0.4:
                race = replace(race, taken_back=True)
            races.append(race)
    return races


async def kept(intake: Running, races: Iterable[Race]) -> None:
    """As the race leaves them in the tables."""
    requests, presses, bars = list[Any](), list[Any](), list[Any]()
    for race in races:
        won = race.winner is not None and not race.taken_back
        times = {"accepted_at": race.accepted_at, "rest_until": race.accepted_at, "reply_due": race.accepted_at}
        request = {
            "id": uuid7(), "tenant": race.tenant, "client_id": OLENA.id, "kind": "chat", "category": "grief",
            "locale": "uk", "one_off": False, "opened_at": race.opened_at, "promised_until": race.opened_at,
            "shown_at": race.opened_at, "closes_at": race.opened_at, "direct_to": race.direct_to,
            "accepted_by": race.winner if won else None, **{name: at if won else None for name, at in times.items()},
        }  # fmt: skip
        requests.append(request)
        late = [(who, margin) for who, margins in race.losers for margin in margins]
        for place, (who, margin) in enumerate([(race.winner, 0), *late] if race.winner else [], start=1):
            presses.append({
                "specialist_id": who, "key": str(uuid7()), "tenant": race.tenant, "request_id": request["id"],
                "place": place, "margin_ms": margin, "accepted_at": race.accepted_at,
            })  # fmt: skip
        if race.taken_back and race.winner:
            bars.append({
                "request_id": request["id"], "specialist_id": race.winner, "tenant": race.tenant, "why": "silent",
                "at": race.accepted_at, **times,
            })  # fmt: skip
    async with intake.database.session("*") as tx:
        for row, rows in ((RequestRow, requests), (PressRow, presses), (BarRow, bars)):
            if rows:
                await tx.execute(insert(row), rows)


def recomputed(races: Iterable[Race], who: Principal, since: datetime, until: datetime, floor: int) -> list[Any]:
    """The chart from the races themselves, by Python's own knowledge of clocks."""
    arrived: defaultdict[Any, int] = defaultdict(int)
    waits, pressed = defaultdict[Any, list[float]](list), defaultdict[Any, list[bool]](list)

    def of(at: datetime) -> tuple[int, int]:
        there = at.astimezone(KYIV)
        return there.isoweekday(), there.hour

    for race in (each for each in races if each.tenant == who.tenant):
        if since <= race.opened_at < until and race.direct_to is None:
            arrived[of(race.opened_at)] += 1
            if race.winner and not race.taken_back:
                waits[of(race.opened_at)].append(race.waited.total_seconds())
        first = {loser: min(margins) for loser, margins in race.losers} | {race.winner: 0}
        if race.winner and who.id in first:
            at = race.accepted_at + timedelta(milliseconds=first[who.id])
            if since <= at < until:
                pressed[of(at)].append(race.winner == who.id)
    return [
        {
            "weekday": day, "hour": hour, "requests": arrived[day, hour], "accepts": len(waits[day, hour]),
            "median_wait_seconds": pytest.approx(median(waits[day, hour])) if len(waits[day, hour]) >= floor else None,
            "presses": len(pressed[day, hour]), "wins": sum(pressed[day, hour]),
            "chance": pytest.approx(sum(pressed[day, hour]) / len(pressed[day, hour]))
            if len(pressed[day, hour]) >= floor else None,
        }
        for day in range(1, 8) for hour in range(24)
    ]  # fmt: skip


async def chart(client: httpx.AsyncClient, as_: As, at: datetime, by: Principal = ANNA) -> Any:
    with clock.at(at):
        answer = await client.get("load-chart", headers=as_(by))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ruled(client: httpx.AsyncClient, as_: As, **duty: int) -> None:
    change = {"changes": {"race": {"zone": "Europe/Kyiv"}, "duty": duty}}
    assert (await client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201


async def test_b9_the_chart_is_what_python_makes_of_the_same_races(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Over both nights in which clocks are changed, for two specialists and beside another house."""
    now = datetime(2026, 11, 2, 13, 40, tzinfo=UTC)
    await ruled(intake_client, as_, chart_weeks=40, chart_floor=3)
    races = [*generated(1, [SPRING, AUTUMN, now]), *generated(2, [SPRING], "clinics")]
    await kept(intake_service, races)
    since, until = datetime(2026, 1, 26, 13, tzinfo=UTC), datetime(2026, 11, 2, 13, tzinfo=UTC)
    for who in (ANNA, BORIS):
        shown = await chart(intake_client, as_, now, who)
        assert [moment(shown[name]) for name in ("since", "until")] == [since, until]
        assert shown["hours"] == recomputed(races, who, since, until, 3)
        assert sum(hour["wins"] for hour in shown["hours"]) > 100
        assert any(hour["chance"] is not None for hour in shown["hours"])


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        # Through a night that is an hour short, or long, a week begins at the same hour on the wall.
        (SPRING + timedelta(hours=5), "2026-03-22T09:00+02:00", "2026-03-29T09:00+03:00"),
        (AUTUMN + timedelta(hours=5), "2026-10-18T08:00+03:00", "2026-10-25T08:00+02:00"),
        (NOON, "2026-02-23T11:00+02:00", "2026-03-02T11:00+02:00"),
        (NOON - timedelta(microseconds=1), "2026-02-23T10:00+02:00", "2026-03-02T10:00+02:00"),
    ],
)
def test_b9_the_chart_is_of_whole_weeks(now: datetime, since: str, until: str) -> None:
    """Up to the hour that is running, so that no hour of the week is counted more often than another."""
    over = span(now, 1, KYIV)
    assert over == (moment(since), moment(until))


@pytest.mark.parametrize(
    ("since", "counted"),
    [(0, 1), (-1, 0), (7 * 24 * 3600 * 10**6 - 1, 1), (7 * 24 * 3600 * 10**6, 0)],
)
async def test_b9_what_came_before_or_in_this_hour_is_not_counted(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, since: int, counted: int
) -> None:
    """The first microsecond of the weeks is in, the first of this hour is not."""
    await ruled(intake_client, as_, chart_weeks=1, chart_floor=1)
    at = NOON - WEEK + timedelta(microseconds=since)
    await kept(intake_service, [Race(THERAPY, at, ANNA.id)])
    hours = (await chart(intake_client, as_, NOON + timedelta(minutes=59)))["hours"]
    assert (sum(hour["requests"] for hour in hours), sum(hour["presses"] for hour in hours)) == (counted, counted)


async def test_b9_too_few_cases_make_no_chance_and_no_median(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Five do, four do not; what there was is counted anyway."""
    assert Rules().duty.chart_floor == 5
    races = [Race(THERAPY, NOON - timedelta(hours=2), ANNA.id, timedelta(seconds=each)) for each in range(4)]
    await kept(intake_service, races)
    [hour] = [each for each in (await chart(intake_client, as_, NOON))["hours"] if each["requests"]]
    assert (hour["accepts"], hour["median_wait_seconds"], hour["wins"], hour["chance"]) == (4, None, 4, None)
    await kept(intake_service, [Race(THERAPY, NOON - timedelta(hours=2), BORIS.id, losers=((ANNA.id, (5, 9)),))])
    [hour] = [each for each in (await chart(intake_client, as_, NOON))["hours"] if each["requests"]]
    assert (hour["median_wait_seconds"], hour["presses"], hour["chance"]) == (1, 5, 0.8)


async def test_b9_nobody_sees_what_another_won(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """And of another house not even the sums."""
    await kept(intake_service, generated(3, [NOON]))
    for who in (BORIS, STRANGE_SPECIALIST):
        await joined(intake_service, [who])
    now = NOON + timedelta(days=10)
    one, other = await chart(intake_client, as_, now), await chart(intake_client, as_, now, BORIS)
    sums = ("requests", "accepts", "median_wait_seconds")
    assert [[hour[name] for name in sums] for hour in one["hours"]] == [
        [hour[name] for name in sums] for hour in other["hours"]
    ]
    assert [hour["wins"] for hour in one["hours"]] != [hour["wins"] for hour in other["hours"]]
    strange = await chart(intake_client, as_, now, STRANGE_SPECIALIST)
    assert {(hour["requests"], hour["presses"]) for hour in strange["hours"]} == {(0, 0)}
    assert str(BORIS.id) not in str(one)
    assert (await intake_client.get("load-chart", headers=as_(OLENA))).status_code == 403


async def test_b9_a_race_over_http_comes_into_the_chart(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A win and a defeat, as the race itself writes them."""
    await ruled(intake_client, as_, chart_floor=2)
    await joined(intake_service, [ANNA, BORIS])
    with clock.at(NOON):
        mine, lost = await opened(intake_client, as_), await opened(intake_client, as_)
    with clock.at(NOON + timedelta(seconds=10)):
        for winner, request in ((ANNA, mine), (BORIS, lost)):
            assert (await press(intake_client, as_, winner, request)).status_code == 201
    with clock.at(NOON + timedelta(minutes=25)):
        assert (await press(intake_client, as_, ANNA, lost)).status_code == 409
    shown = await chart(intake_client, as_, NOON + timedelta(hours=1))
    [hour] = [each for each in shown["hours"] if each["requests"]]
    assert hour == {
        "weekday": 1, "hour": 11, "requests": 2, "accepts": 2, "median_wait_seconds": 10, "presses": 2, "wins": 1,
        "chance": 0.5,
    }  # fmt: skip


async def test_b9_the_chart_takes_two_statements_and_is_kept_for_a_while(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """By its reader alone."""
    asked: list[str] = []
    engine = intake_service.database.engine.sync_engine

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = await intake_client.get("load-chart", headers=as_(ANNA))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len([each for each in asked if "requests" in each or "presses" in each]) == 2
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("private, max-age=300", "Authorization")


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written)
