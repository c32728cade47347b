"""What is measured of a device: round trips by our clock, and how long a notification takes."""

import asyncio
import base64
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from libs.kit import clock
from libs.kit.service import Running
from services.intake import commands
from services.intake.domain import Rules
from services.intake.domain.readiness import EchoLate, band, round_trip, typical
from services.intake.tables.specialists import MeasureRow
from tests.intake.cast import As, joined
from tests.people import ANNA, BORIS, OLENA, STRANGE_SPECIALIST, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK, MS = timedelta(microseconds=1), timedelta(milliseconds=1)
RULES = Rules()


async def pinged(client: httpx.AsyncClient, as_: As, by: Principal = ANNA) -> str:
    nonce: str = (await client.get("ping", headers=as_(by))).json()["nonce"]
    return nonce


async def echoed(client: httpx.AsyncClient, as_: As, nonce: Any, by: Principal = ANNA) -> httpx.Response:
    return await client.post("ping", json={"nonce": nonce}, headers=as_(by))


async def kept(intake: Running) -> list[Any]:
    async with intake.database.session("*") as tx:
        return list(await tx.scalars(select(MeasureRow.round_trips)))


@pytest.mark.parametrize(
    ("median", "found"),
    [
        (timedelta(0), "excellent"), (40 * MS - TICK, "excellent"), (40 * MS, "average"), (110 * MS, "average"),
        (110 * MS + TICK, "bad"), (10_000 * MS, "bad"), (None, None),
    ],
)  # fmt: skip
def test_d15_a_connection_has_one_band(median: timedelta | None, found: str | None) -> None:
    """Below 40 ms excellent; 40 and 110 themselves are average; above that bad."""
    assert band(median, RULES.duty) == found


@pytest.mark.parametrize(
    ("round_trips", "median"),
    [
        ([], None), ([7], 7), ([200, 20, 30], 30), ([39, 40], 39.5), ([20] * 10 + [200] * 10, 110),
        ([30] * 20 + [5000] * 20, 30), ([200] * 11 + [1] * 9 + [1] * 80, 200),
    ],
)  # fmt: skip
def test_d15_the_median_is_of_the_last_twenty(round_trips: list[float], median: float | None) -> None:
    """The newest are in front; one slow trip decides nothing."""
    found = typical([each * MS for each in round_trips], RULES.duty)
    assert found == (None if median is None else median * MS)


def test_d15_what_an_echo_waits_in_our_house_is_not_counted() -> None:
    """A trip is never less than nothing, and one of more than ten seconds is none."""
    assert round_trip(NOON, NOON + 50 * MS, 15 * MS, RULES.duty) == 35 * MS
    assert round_trip(NOON, NOON + MS, 2 * MS, RULES.duty) == timedelta(0)
    assert round_trip(NOON, NOON + 10_000 * MS, timedelta(0), RULES.duty) == 10_000 * MS
    with pytest.raises(EchoLate):
        round_trip(NOON, NOON + 10_000 * MS + TICK, timedelta(0), RULES.duty)


async def test_b8_the_round_trip_is_measured_by_our_clock(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """The client says nothing but the nonce: what it holds back makes it slower, and nothing makes it quicker."""
    await joined(intake_service, [ANNA])
    quick = (await echoed(intake_client, as_, await pinged(intake_client, as_))).json()
    assert (quick["round_trips"], quick["measured_at"] is not None) == (1, True)
    nonce = await pinged(intake_client, as_)
    await asyncio.sleep(0.3)
    await echoed(intake_client, as_, nonce)
    [[slow, first]] = await kept(intake_service)
    assert 300_000 <= slow < 10_000_000
    assert first < slow


async def test_d15_an_echo_that_waits_for_our_database_is_not_slower_for_it(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """All connections are taken for two seconds when it comes."""
    await joined(intake_service, [ANNA])
    nonce = await pinged(intake_client, as_)
    async with AsyncExitStack() as taken:
        for _ in range(intake_service.platform.pool_size):
            _ = await taken.enter_async_context(intake_service.database.engine.connect())
        echo = asyncio.create_task(echoed(intake_client, as_, nonce))
        await asyncio.sleep(2)
        assert not echo.done()
    assert (await echo).json()["median_ms"] < 2000


async def test_d15_the_last_twenty_are_kept(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that the test moves, in a process in which nothing waits."""
    count_echo = commands.count_echo
    monkeypatch.setattr(commands, "count_echo", lambda *a, **k: count_echo(*a, **k | {"waited": timedelta(0)}))
    await joined(intake_service, [ANNA])
    shown = {}
    for number in range(23):
        with clock.at(NOON + number * timedelta(seconds=30)):
            nonce = await pinged(intake_client, as_)
        with clock.at(NOON + number * timedelta(seconds=30) + (1000 + 200 * number) * MS):
            shown = (await echoed(intake_client, as_, nonce)).json()
    [trips] = await kept(intake_service)
    assert trips == [1000 * (1000 + 200 * number) for number in range(22, 2, -1)]
    assert (shown["round_trips"], shown["band"], shown["median_ms"]) == (20, "bad", 3500)


async def test_b8_an_echo_counts_once_and_in_the_order_of_the_pings(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A retry, which is slower, and an echo that a later ping has overtaken, leave all as it is."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        early = await pinged(intake_client, as_)
    with clock.at(NOON + TICK):
        late = await pinged(intake_client, as_)
        answers = [await echoed(intake_client, as_, nonce) for nonce in (late, late, early)]
    assert [each.status_code for each in answers] == [200, 200, 200]
    assert [len(trips) for trips in await kept(intake_service)] == [1]


async def test_b8_an_echo_is_of_ones_own_ping(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Not of another's, not of another house's, not made up, and not of long ago."""
    await joined(intake_service, [ANNA, BORIS])
    nonce = await pinged(intake_client, as_)
    bent = base64.urlsafe_b64encode(bytes(80)).decode()
    for false in (nonce[:-1], nonce[::-1], "", "=", "é", "a" * 200, bent, "\u202e", "💥"):
        answer = await echoed(intake_client, as_, false)
        assert (answer.status_code, answer.json()["code"]) == (422, "echo_unknown"), false
    for sent in ("a" * 201, None, 7, "\x00"):
        assert (await echoed(intake_client, as_, sent)).status_code == 422
    for other in (BORIS, STRANGE_SPECIALIST):
        assert (await echoed(intake_client, as_, nonce, other)).json()["code"] == "echo_unknown"
    with clock.at(clock.now() + timedelta(seconds=11)):
        assert (await echoed(intake_client, as_, nonce)).json()["code"] == "echo_late"
    stranger = await pinged(intake_client, as_, STRANGE_SPECIALIST)
    assert (await echoed(intake_client, as_, stranger, STRANGE_SPECIALIST)).json()["code"] == "not_eligible"
    assert (await intake_client.get("ping", headers=as_(OLENA))).status_code == 403
    assert (await intake_client.get("ping")).status_code == 401
    assert await kept(intake_service) == []


async def test_b7_a_test_measures_how_long_a_notification_takes(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """From its going out to its receipt; before, nobody gets to see it, and the first receipt counts."""
    await joined(intake_service, [ANNA])

    async def receipt(test: Any, by: Principal = ANNA) -> Any:
        return (await intake_client.post(f"push-tests/{test['id']}/receipt", headers=as_(by))).json()

    async def pending() -> Any:
        return (await intake_client.get("push-tests", headers=as_(ANNA))).json()

    with clock.at(NOON):
        answer = await intake_client.post("push-tests", json={"after_seconds": 15}, headers=as_(ANNA, key="k"))
        test = answer.json()
        assert (answer.status_code, test["out_at"], test["delay_ms"]) == (201, "2026-03-02T09:00:15Z", None)
    with clock.at(NOON + timedelta(seconds=15) - TICK):
        assert await pending() == []
        assert (await receipt(test))["code"] == "push_test_ahead"
    with clock.at(NOON + timedelta(seconds=15)):
        assert await pending() == [test]
    with clock.at(NOON + timedelta(seconds=16.5)):
        assert (await receipt(test))["delay_ms"] == 1500
    with clock.at(NOON + timedelta(seconds=99)):
        assert (await receipt(test))["delay_ms"] == 1500
        assert await pending() == []
        newer = await intake_client.post("push-tests", json={}, headers=as_(ANNA, key="l"))
        assert (await receipt(test))["code"] == "push_test_unknown"
        assert (await receipt(newer.json(), BORIS))["code"] == "push_test_unknown"
        assert (await receipt(newer.json(), STRANGE_SPECIALIST))["code"] == "push_test_unknown"
        assert (await receipt(newer.json()))["delay_ms"] == 0


@pytest.mark.parametrize("after", [-1, 301, "soon", 1.5, None])
async def test_a_test_goes_out_within_five_minutes(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, after: Any
) -> None:
    await joined(intake_service, [ANNA])
    answer = await intake_client.post("push-tests", json={"after_seconds": after}, headers=as_(ANNA, key="k"))
    assert answer.status_code == 422
