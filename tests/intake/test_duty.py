"""Duty: said, taken over by another device, and over by itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.intake import DutyEnded, DutyStarted
from libs.kit import clock
from libs.kit.service import Running
from services.intake.domain import Racer, Rules
from services.intake.domain.readiness import DutyTooLong, DutyTooShort, start_duty
from services.intake.jobs import end_duties, jobs
from tests.intake.cast import As, crowd, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, OMAR, STRANGE_SPECIALIST, THERAPY, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK, HOUR = timedelta(microseconds=1), timedelta(hours=1)
RULES = Rules().duty
OFF = {"on_duty_until": None}


async def told(intake: Running, who: Principal = ANNA) -> list[tuple[str, datetime]]:
    """What was said of somebody's duty, with what is particular to it."""
    said = [envelope.data for envelope in await outbox(intake.database.engine)]
    return [
        (type(each).__name__, each.until if isinstance(each, DutyStarted) else each.at)
        for each in said
        if isinstance(each, DutyStarted | DutyEnded) and each.specialist_id == who.id
    ]


async def there(client: httpx.AsyncClient, as_: As, until: datetime, device: Any = None, by: Principal = ANNA) -> Any:
    said = {"until": until.isoformat()} | ({"device_id": str(device)} if device else {})
    return await client.put("duty", json=said, headers=as_(by))


async def shown(client: httpx.AsyncClient, as_: As, by: Principal = ANNA) -> Any:
    return (await client.get("duty", headers=as_(by))).json()


async def code_of(press: httpx.Response) -> Any:
    return press.json().get("code", press.status_code)


def start(racer: Racer, until: datetime, now: datetime = NOON) -> list[Any]:
    return start_duty(racer, tenant=THERAPY, until=until, now=now, rules=RULES)


@pytest.mark.parametrize(
    ("lasts", "refused"),
    [
        (HOUR, None), (HOUR - TICK, DutyTooShort), (12 * HOUR, None), (12 * HOUR + TICK, DutyTooLong),
        (timedelta(0), DutyTooShort), (-HOUR, DutyTooShort), (timedelta(days=36500), DutyTooLong),
    ],
)  # fmt: skip
def test_b7_a_duty_is_as_long_as_the_house_has_it(lasts: timedelta, refused: type[Exception] | None) -> None:
    """From one hour to twelve, both included; to the microsecond."""
    racer = Racer(ANNA.id)
    if refused:
        with pytest.raises(refused):
            start(racer, NOON + lasts)
    else:
        assert [said.until for said in start(racer, NOON + lasts)] == [NOON + lasts]


@pytest.mark.parametrize(
    ("until", "said"),
    [
        (NOON + 2 * HOUR, []), (NOON + TICK, [NOON + TICK]), (NOON + 3 * HOUR, [NOON + 3 * HOUR]),
        (NOON, None), (NOON - TICK, None),
    ],
)  # fmt: skip
def test_b7_who_is_there_may_go_earlier_or_later(until: datetime, said: list[datetime] | None) -> None:
    """Saying the same says nothing new; a moment that has passed is no duty."""
    racer = Racer(ANNA.id, on_duty_until=NOON + 2 * HOUR)
    if said is None:
        with pytest.raises(DutyTooShort):
            start(racer, until)
    else:
        assert [each.until for each in start(racer, until)] == said


def test_b7_a_little_longer_is_no_new_short_duty() -> None:
    """What is left and what is said anew is still less than what is needed."""
    with pytest.raises(DutyTooShort) as refused:
        start(Racer(ANNA.id, on_duty_until=NOON + TICK), NOON + HOUR - TICK)
    assert refused.value.extra() == {"earliest": NOON + HOUR}


async def test_b7_a_duty_begins_and_ends(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """Only within it one accepts; leaving twice changes nothing."""
    await joined(intake_service, [ANNA], **OFF)
    with clock.at(NOON):
        first, second = await opened(intake_client, as_), await opened(intake_client, as_)
        assert (await shown(intake_client, as_))["on_duty"] is False
        assert await code_of(await press(intake_client, as_, ANNA, first)) == "off_duty"
        answer = await there(intake_client, as_, NOON + HOUR)
        assert (answer.status_code, answer.json()["until"]) == (200, "2026-03-02T10:00:00Z")
        assert answer.json() == await shown(intake_client, as_)
        assert await code_of(await press(intake_client, as_, ANNA, first)) == 201
    with clock.at(NOON + HOUR - TICK):
        assert (await shown(intake_client, as_))["on_duty"] is True
        left = [await intake_client.delete("duty", headers=as_(ANNA)) for _ in range(2)]
        assert [each.status_code for each in left] == [204, 204]
        assert await shown(intake_client, as_) == {
            "on_duty": False, "until": None, "device_id": None, "now": "2026-03-02T09:59:59.999999Z"
        }  # fmt: skip
        assert await code_of(await press(intake_client, as_, ANNA, second)) == "off_duty"
    assert await told(intake_service) == [("DutyStarted", NOON + HOUR), ("DutyEnded", NOON + HOUR - TICK)]


async def test_b7_a_refused_duty_says_what_is_possible(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    await joined(intake_service, [ANNA], **OFF)
    with clock.at(NOON):
        short, long = await there(intake_client, as_, NOON), await there(intake_client, as_, NOON + 13 * HOUR)
        assert (short.json()["code"], short.json()["earliest"]) == ("duty_too_short", "2026-03-02T10:00:00Z")
        assert (long.json()["code"], long.json()["latest"]) == ("duty_too_long", "2026-03-02T21:00:00Z")
        for written in (
            "2026-03-02T11:00:00",
            "soon",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            1e300,
        ):
            answer = await intake_client.put("duty", json={"until": written}, headers=as_(ANNA))
            assert answer.status_code == 422, written
    assert await told(intake_service) == []


async def test_b7_who_does_not_say_until_when_is_there_for_as_long_as_is_usual(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Three hours, if the house says nothing else."""
    await joined(intake_service, [ANNA], **OFF)
    with clock.at(NOON):
        answer = await intake_client.put("duty", json={}, headers=as_(ANNA))
        assert (answer.status_code, answer.json()["until"]) == (200, "2026-03-02T12:00:00Z")


async def test_b7_the_house_may_have_other_lengths(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    await joined(intake_service, [ANNA], **OFF)
    change = {"changes": {"duty": {"at_least": "PT10M", "at_most": "PT20M"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    with clock.at(NOON):
        minutes = [9, 10, 20, 21]
        said = [await there(intake_client, as_, NOON + timedelta(minutes=each)) for each in minutes]
    assert [each.status_code for each in said] == [422, 200, 200, 422]


@pytest.mark.parametrize(
    "changes",
    [
        {"duty": {"chart_weeks": 0}}, {"duty": {"chart_weeks": 54}}, {"duty": {"chart_floor": 0}},
        {"duty": {"round_trips": 0}}, {"duty": {"round_trips": 201}}, {"profile": {"off_platform": "sometimes"}},
    ],
)  # fmt: skip
async def test_a_number_that_nothing_could_be_made_of_is_no_rule(
    intake_client: httpx.AsyncClient, as_: As, changes: Any
) -> None:
    answer = await intake_client.post("policies", json={"changes": changes}, headers=as_(OMAR, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule")


async def test_b7_another_device_takes_over(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """The one before is refused from then on, and so is who does not say which device it is."""
    await joined(intake_service, [ANNA], **OFF)
    phone, tablet = uuid7(), uuid7()

    async def pressed(device: Any) -> Any:
        headers = as_(ANNA, key=str(uuid7())) | ({"Device-Id": str(device)} if device else {})
        answer = await intake_client.post(f"requests/{request['id']}/acceptance", headers=headers)
        return await code_of(answer)

    with clock.at(NOON):
        request = await opened(intake_client, as_)
        await there(intake_client, as_, NOON + HOUR, phone)
        assert await pressed(tablet) == "wrong_device"
        await there(intake_client, as_, NOON + HOUR, tablet)
        assert (await shown(intake_client, as_))["device_id"] == str(tablet)
        assert [await pressed(device) for device in (phone, None, tablet)] == ["wrong_device", "wrong_device", 201]
        request = await opened(intake_client, as_, in_danger=True)
        await there(intake_client, as_, NOON + HOUR)
        assert await pressed(phone) == 201
    assert await told(intake_service) == [("DutyStarted", NOON + HOUR)]


async def test_b7_a_duty_that_ran_out_is_said_to_be_over_once(intake_service: Running) -> None:
    """However many instances look, and at the moment at which it ran out."""
    out, still = crowd(30), crowd(5)
    await joined(intake_service, out, on_duty_until=NOON)
    await joined(intake_service, still, on_duty_until=NOON + TICK)
    with clock.at(NOON):
        await asyncio.gather(*(end_duties(intake_service.database, NOON) for _ in range(6)))
        await end_duties(intake_service.database, NOON)
    ended = [each.data for each in await outbox(intake_service.database.engine) if isinstance(each.data, DutyEnded)]
    assert sorted(each.specialist_id for each in ended) == sorted(each.id for each in out)
    assert {each.at for each in ended} == {NOON}


async def test_b7_an_end_is_not_said_while_its_specialist_says_a_new_duty(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Whichever comes first, the old duty ends once and the new one stays."""
    for attempt in range(5):
        await joined(intake_service, [ANNA], on_duty_until=NOON)
        before = len(await told(intake_service))
        with clock.at(NOON + TICK):
            await asyncio.gather(end_duties(intake_service.database, NOON), there(intake_client, as_, NOON + 2 * HOUR))
            await end_duties(intake_service.database, NOON)
            assert (await shown(intake_client, as_))["on_duty"] is True, attempt
        said = (await told(intake_service))[before:]
        assert said == [("DutyEnded", NOON), ("DutyStarted", NOON + 2 * HOUR)]


async def test_b7_who_leaves_after_the_end_left_at_the_end(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    await joined(intake_service, [ANNA], on_duty_until=NOON)
    with clock.at(NOON + HOUR):
        await intake_client.delete("duty", headers=as_(ANNA))
        await end_duties(intake_service.database, NOON)
    assert await told(intake_service) == [("DutyEnded", NOON)]


def test_the_job_is_run() -> None:
    assert any(job.run is end_duties for job in jobs)


async def test_duty_is_for_specialists_who_joined(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """And one's own: what another says or another house does changes nothing."""
    await joined(intake_service, [ANNA], **OFF)
    for stranger in (BORIS, STRANGE_SPECIALIST):
        for answer in (
            await there(intake_client, as_, clock.now() + 2 * HOUR, by=stranger),
            await intake_client.get("duty", headers=as_(stranger)),
            await intake_client.delete("duty", headers=as_(stranger)),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "not_eligible")
    assert (await there(intake_client, as_, clock.now() + 2 * HOUR, by=OLENA)).status_code == 403
    assert (await shown(intake_client, as_))["on_duty"] is False
