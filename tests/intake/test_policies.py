"""The house rules as data: what they say, who may change them, and that they bind from then on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.kit import clock
from libs.kit.rules import clauses
from libs.kit.service import Running
from services.intake.domain import Rules
from tests.intake.cast import As, joined, opened, press
from tests.intake.shop import clients
from tests.people import ANNA, MARTA, OLENA, OMAR, STRANGE_SPECIALIST

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_every_number_says_which_rule_it_is() -> None:
    """And in a sentence what it means."""
    said = clauses(Rules())
    assert {"race.day_cooldown", "race.chat_reply_within"} <= {each.name for each in said}
    assert all(each.says.rule[0] in "RPBCTD" and each.says.meaning.endswith(".") for each in said)


async def test_b5_a_changed_number_binds_from_then_on_and_only_in_its_house(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A wait that was earned before stays as it was (D4)."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        first = await opened(intake_client, as_)
        assert (await press(intake_client, as_, ANNA, first)).json()["ready_at"] == "2026-03-02T09:20:00Z"
        change = {"changes": {"race": {"day_cooldown": "PT1M"}}}
        assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).json()["version"] == 1
        assert (await intake_client.get("readiness", headers=as_(ANNA))).json()["ready"] is False
    with clock.at(NOON + timedelta(minutes=20)):
        second = await opened(intake_client, as_)
        assert (await press(intake_client, as_, ANNA, second)).json()["ready_at"] == "2026-03-02T09:21:00Z"
    shown = (await intake_client.get("policies", headers=as_(OLENA))).json()
    [cooldown] = [each for each in shown["clauses"] if each["name"] == "race.day_cooldown"]
    assert (cooldown["value"], cooldown["rule"], cooldown["changed"]) == ("PT1M", "B5", True)
    assert (await intake_client.get("policies", headers=as_(STRANGE_SPECIALIST))).json()["version"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"race": {"day_coldown": "PT1M"}}, "There is no race.day_coldown."),
        ({"rice": {"day_cooldown": "PT1M"}}, "There is no rice.day_cooldown."),
        ({"race": {"day_cooldown": "soon"}}, "race.day_cooldown"),
        ({"race": {"zone": "Europe/Atlantis"}}, "race.zone"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused(
    intake_client: httpx.AsyncClient, as_: As, changes: Any, said: str
) -> None:
    """With the name of the number."""
    answer = await intake_client.post("policies", json={"changes": changes}, headers=as_(OMAR, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule")
    assert said in answer.json()["detail"]
    assert (await intake_client.get("policies/versions", headers=as_(OMAR))).json() == []


async def test_d12_a_request_is_alive_for_as_long_as_the_house_says(intake_client: httpx.AsyncClient, as_: As) -> None:
    """To the microsecond: from then on another one stands by itself."""
    change = {"changes": {"race": {"alive_for": "P2D"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    linked = []
    for age in (timedelta(days=2), timedelta(days=2, microseconds=-1)):
        by = clients(1)[0]
        with clock.at(NOON):
            first = await opened(intake_client, as_, by)
        with clock.at(NOON + age):
            linked.append((await opened(intake_client, as_, by))["linked_to"] == first["id"])
    assert linked == [False, True]


SPANS = [each.name for each in clauses(Rules()) if isinstance(each.value, timedelta)]


@pytest.mark.parametrize("span", ["-PT1S", "P3661D", "P999999999D"])
async def test_no_time_in_the_rules_is_negative_or_without_end(
    intake_client: httpx.AsyncClient, as_: As, span: str
) -> None:
    """Or a moment that nobody can write down would keep every client from asking for help."""
    for name in SPANS:
        group, number = name.split(".")
        change = {"changes": {group: {number: span}}}
        answer = await intake_client.post("policies", json=change, headers=as_(OMAR, key=f"{name}{span}"))
        assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule"), name


async def test_only_operators_change_the_rules(intake_client: httpx.AsyncClient, as_: As) -> None:
    """Those whom they bind may read them."""
    for person in (ANNA, OLENA, MARTA):
        answer = await intake_client.post("policies", json={"changes": {}}, headers=as_(person, key="k"))
        assert answer.status_code == 403
        assert (await intake_client.get("policies", headers=as_(person))).status_code == 200
