"""What happens to a request between a press's looking and its claiming."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.bus.testing import outbox
from libs.events.intake import RequestAccepted
from libs.kit.service import Running
from services.intake.commands import race
from services.intake.queries import load_press
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, OMAR


def overtake(monkeypatch: pytest.MonkeyPatch, intake: Running, change: str) -> list[Any]:
    """Let something change right after a press has looked for the first time; what it saw, each time it looked."""
    looks = list[Any]()

    async def overtaken(*asked: Any) -> Any:
        found = await load_press(*asked)
        if not looks:
            async with intake.database.begin() as connection:
                await connection.execute(text(change))
        looks.append(found)
        return found

    monkeypatch.setattr(race, "load_press", overtaken)
    return looks


async def test_d17_a_press_that_saw_an_earlier_round_looks_again(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody had it meanwhile and handed it over: it is a minor's now, and not for who does not work with minors."""
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_)
    looks = overtake(monkeypatch, intake_service, "UPDATE requests SET round = 2, age = 'minor'")
    assert (await press(intake_client, as_, ANNA, request)).status_code == 404
    assert len(looks) == 2
    said = [type(envelope.data) for envelope in await outbox(intake_service.database.engine)]
    assert RequestAccepted not in said


async def test_b21_who_has_taken_one_since_looking_takes_no_other(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a house without waits, where nothing else would stop a second device."""
    change = {"changes": {"race": {"one_unanswered": True, "day_cooldown": "PT0S", "night_cooldown": "PT0S"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_)
    other = await opened(intake_client, as_)
    overtake(monkeypatch, intake_service, f"UPDATE specialists SET unanswered = '{other['id']}'")  # noqa: S608 - our own
    answer = await press(intake_client, as_, ANNA, request)
    assert (answer.json()["code"], answer.json()["request_id"]) == ("answer_first", other["id"])
