"""Readiness: the list of what keeps a specialist from accepting, and what could be better."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from sqlalchemy import insert

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.service import Running
from services.intake import domain
from services.intake.domain import (
    AnswerFirst,
    CoolingDown,
    NotEligible,
    OffDuty,
    Press,
    Racer,
    Request,
    Rules,
    WrongDevice,
)
from services.intake.domain.readiness import HINTS, Checked, Measured, PushTest, Todo, checklist, ready
from services.intake.domain.rules import RaceRules
from services.intake.tables.specialists import MeasureRow
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, OMAR, THERAPY, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICK, MS, HOUR = timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(hours=1)
RULES = Rules()
REFUSALS = (NotEligible, OffDuty, WrongDevice, AnswerFirst, CoolingDown)
GOOD = Measured([30 * MS], NOON, PushTest(uuid7(), NOON, NOON + MS))


async def measured(intake: Running, who: Principal, *milliseconds: float, at: datetime = NOON) -> None:
    row = {
        "specialist_id": who.id, "tenant": who.tenant, "pinged_at": at,
        "round_trips": [round(each * 1000) for each in milliseconds],
    }  # fmt: skip
    async with intake.database.session("*") as tx:
        await tx.execute(insert(MeasureRow), row)


def listed(racer: Racer | None, known: Measured = GOOD, *, device: Any = None, rules: Rules = RULES) -> dict[str, Any]:
    """What is not in order, and what to do about it."""
    checks = checklist(racer, known, device_id=device, now=NOON, rules=rules)
    assert all(check.ok is (check.hint is None) for check in checks)
    return {check.check: check.todo for check in checks if not check.ok}


ON_DUTY = Racer(ANNA.id, on_duty_until=NOON + TICK)


@pytest.mark.parametrize(
    ("known", "todo"),
    [
        ({}, {}), ({"on_duty_until": NOON}, {"on_duty": "start_duty"}),
        ({"on_duty_until": None}, {"on_duty": "start_duty"}),
        ({"ready_at": NOON}, {}), ({"ready_at": NOON + TICK}, {"rested": "wait"}),
        ({"device_id": uuid7()}, {"device": "use_your_device"}), ({"unanswered": uuid7()}, {}),
    ],
)  # fmt: skip
def test_b7_the_list_says_what_keeps_a_specialist_from_accepting(known: dict[str, Any], todo: dict[str, str]) -> None:
    """To the microsecond."""
    assert listed(replace(ON_DUTY, **known)) == todo


def test_b7_who_has_not_joined_joins_first() -> None:
    """Nothing else is said before."""
    assert listed(None) == {"joined": "join"}
    assert not ready(checklist(None, GOOD, device_id=None, now=NOON, rules=RULES))


def test_b21_one_answer_at_a_time_where_the_house_has_it_so() -> None:
    racer = Racer(ANNA.id, on_duty_until=NOON + TICK, unanswered=uuid7())
    assert listed(racer, rules=Rules(race=RaceRules(one_unanswered=True))) == {"answered": "answer_first"}


@pytest.mark.parametrize(
    ("trips", "at", "todo"),
    [
        ([], None, "measure_connection"), ([110 * MS], NOON - HOUR, None),
        ([1 * MS], NOON - HOUR - TICK, "measure_connection"), ([110 * MS + TICK], NOON, "change_connection"),
    ],
)  # fmt: skip
def test_b8_a_bad_connection_is_to_be_changed(trips: list[timedelta], at: datetime | None, todo: str | None) -> None:
    """It hinders nobody from accepting; an old measurement says nothing."""
    known = Measured(trips, at, GOOD.push)
    assert listed(ON_DUTY, known).get("connection") == todo
    assert ready(checklist(ON_DUTY, known, device_id=None, now=NOON, rules=RULES))


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("out", "took", "todo"),
    [
        (NOON - HOUR, 5 * SECOND, None), (NOON - HOUR, 5 * SECOND + TICK, "allow_background"),
        (NOON - timedelta(days=1), SECOND, None), (NOON - timedelta(days=1) - TICK, SECOND, "test_notifications"),
        (NOON - 60 * SECOND, None, "test_notifications"), (NOON - 60 * SECOND - TICK, None, "allow_background"),
        (NOON + SECOND, None, "test_notifications"), (None, None, "test_notifications"),
    ],
)  # fmt: skip
def test_b7_late_notifications_are_to_be_let_through(
    out: datetime | None, took: timedelta | None, todo: str | None
) -> None:
    """Later than five seconds, or lost after a minute; after a day one tests again."""
    push = PushTest(uuid7(), out, out + took if took else None) if out else None
    assert listed(ON_DUTY, Measured([MS], NOON, push)).get("notifications") == todo


def test_every_todo_has_a_sentence() -> None:
    assert set(HINTS) == set(get_args(Todo))
    assert all(hint.endswith(".") for hint in HINTS.values())


def test_ready_is_what_an_accept_would_find() -> None:
    """Over all that can be known of a specialist: the list and the race never disagree."""
    chance, mine = random.Random(7), [uuid7(), uuid7()]
    instants = [None, NOON - TICK, NOON, NOON + TICK]
    request = Request(
        id=uuid7(), tenant=THERAPY, client_id=OLENA.id, kind="chat", locale="uk", one_off=False, opened_at=NOON,
        promised_until=NOON + HOUR, shown_at=NOON, closes_at=NOON + HOUR,
    )  # fmt: skip
    for _ in range(2000):
        racer = Racer(
            ANNA.id, chance.choice(instants), chance.choice(instants), chance.choice([None, *mine]),
            chance.choice([None, request.id]), accepts_minors=chance.random() < 0.5,
        )  # fmt: skip
        known, device = chance.choice([racer, racer, None]), chance.choice([None, *mine])
        rules = Rules(race=RaceRules(one_unanswered=chance.random() < 0.5))
        pressed = Press(NOON, ANNA.id, "k", request, known, device)
        expected = True
        try:
            domain.accept(pressed, rules.race)
        except REFUSALS:
            expected = False
        checks = checklist(known, Measured(), device_id=device, now=NOON, rules=rules)
        assert ready(checks) is expected, (known, device)


async def test_b7_readiness_is_whole(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """Everything on one list, for who asks and of nobody else."""
    fresh = (await intake_client.get("readiness", headers=as_(ANNA))).json()
    assert (fresh["ready"], [each["todo"] for each in fresh["checks"]]) == (False, ["join"])
    device = uuid7()
    await joined(intake_service, [ANNA], device_id=device)
    await joined(intake_service, [BORIS])
    await measured(intake_service, ANNA, 110, 20, 112)
    with clock.at(NOON):
        headers = as_(ANNA) | {"Device-Id": str(device)}
        shown = (await intake_client.get("readiness", headers=headers)).json()
        other = (await intake_client.get("readiness", headers=as_(BORIS))).json()
        elsewhere = (await intake_client.get("readiness", headers=as_(ANNA))).json()
    assert [each["check"] for each in shown["checks"]] == list(get_args(Checked))
    assert {each["check"]: each["todo"] for each in shown["checks"] if not each["ok"]} == {
        "notifications": "test_notifications"
    }
    assert shown["connection"] == {
        "median_ms": 110, "band": "average", "round_trips": 3, "measured_at": "2026-03-02T09:00:00Z"
    }  # fmt: skip
    assert (shown["ready"], shown["device_id"], shown["push_delay_ms"]) == (True, str(device), None)
    assert (elsewhere["ready"], other["ready"], other["connection"]["band"]) == (False, True, None)


async def test_b21_readiness_names_what_waits_for_an_answer(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    await joined(intake_service, [ANNA])
    change = {"changes": {"race": {"one_unanswered": True}, "duty": {"average_to": "PT0.001S"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    await measured(intake_service, ANNA, 50)
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    with clock.at(NOON):
        shown = (await intake_client.get("readiness", headers=as_(ANNA))).json()
    assert shown["unanswered"] == request["id"]
    todo = {each["todo"] for each in shown["checks"] if not each["ok"]}
    assert {"answer_first", "wait", "change_connection"} <= todo
