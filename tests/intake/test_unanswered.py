"""Several requests of one specialist's that wait for an answer, where the house lets them have but one (B21)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from libs.bus.testing import deliver
from libs.events.chat import FirstReplySent
from libs.kit import clock
from libs.kit.service import Running
from services.intake.consumers import consumers
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, OMAR, TARAS, THERAPY, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def answered(intake: Running, request: Any, by: Principal = ANNA) -> None:
    said = FirstReplySent(tenant=THERAPY, at=NOON, conversation_id=UUID(request["id"]), specialist_id=by.id)
    await deliver(said, consumers, intake.database.sessions)


async def answer_first(client: httpx.AsyncClient, as_: As) -> str | None:
    """What a press is told to answer before; None if it wins."""
    answer = (await press(client, as_, ANNA, await opened(client, as_, by=TARAS))).json()
    return answer.get("request_id") if answer.get("code") == "answer_first" else None


@pytest.mark.parametrize("first", [0, 1])
async def test_b21_who_took_a_second_one_in_danger_still_has_to_answer_both(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, first: int
) -> None:
    """In whichever order they do: nothing else is theirs before."""
    change = {"changes": {"race": {"one_unanswered": True, "day_cooldown": "PT0S"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="p"))).status_code == 201
    await joined(intake_service, [ANNA, BORIS])
    with clock.at(NOON):
        others = await opened(intake_client, as_)
        assert (await press(intake_client, as_, BORIS, others)).status_code == 201
        old = await opened(intake_client, as_)
        await answered(intake_service, old)  # None of theirs: it is not answered by that.
        both = [old, await opened(intake_client, as_, in_danger=True)]
        for each in both:
            assert (await press(intake_client, as_, ANNA, each)).status_code == 201
        assert await answer_first(intake_client, as_) == both[1]["id"]
        await answered(intake_service, both.pop(first))
        assert await answer_first(intake_client, as_) == both[0]["id"]
        shown = (await intake_client.get("readiness", headers=as_(ANNA))).json()
        assert shown["unanswered"] == both[0]["id"]
        await answered(intake_service, both[0])
        assert await answer_first(intake_client, as_) is None


async def test_b21_a_house_that_comes_to_want_it_counts_what_waits_already(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Not what was answered or has ended."""
    change: dict[str, Any] = {"changes": {"race": {"day_cooldown": "PT0S"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="p"))).status_code == 201
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        taken = [await opened(intake_client, as_) for _ in range(4)]
        for each in taken:
            await press(intake_client, as_, ANNA, each)
        await answered(intake_service, taken[2])
        change["changes"]["race"]["one_unanswered"] = True
        await intake_client.post("policies", json=change, headers=as_(OMAR, key="q"))
        await intake_client.post(f"requests/{taken[1]['id']}/withdrawal", headers=as_(OLENA))
        await answered(intake_service, taken[3])
        assert await answer_first(intake_client, as_) == taken[0]["id"]
    with clock.at(NOON + timedelta(seconds=1)):
        await intake_client.post(f"requests/{taken[0]['id']}/withdrawal", headers=as_(OLENA))
        assert await answer_first(intake_client, as_) is None
