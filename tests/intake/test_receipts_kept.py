"""How long presses and their receipts are kept, and what is not kept for ever beside them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.kit import clock
from libs.kit.service import Running
from services.intake.jobs import forget_presses, forget_slots, pass_time, tell_refusals
from tests.intake.cast import As, joined, opened, press
from tests.intake.shop import Shop
from tests.people import ANNA, BORIS, OLENA, OMAR, STRANGE_CLIENT, STRANGE_SPECIALIST

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATE, KEPT, TICK = timedelta(seconds=3), timedelta(days=400), timedelta(microseconds=1)


async def told(intake: Running) -> None:
    """The bus has heard who lost."""
    await tell_refusals(intake.database, NOON)


async def forget(intake: Running, at: datetime) -> list[str]:
    """The job runs then; whose presses are left, by key."""
    with clock.at(at):
        await forget_presses(intake.database, at)
    async with intake.database.session("*") as tx:
        return list(await tx.scalars(text("SELECT key FROM presses ORDER BY accepted_at, place")))


async def lost(http: httpx.AsyncClient, intake: Running, as_: As, key: str = "lost") -> Any:
    """Anna wins at noon, and Boris comes three seconds later."""
    await joined(intake, [ANNA, BORIS])
    with clock.at(NOON):
        request = await opened(http, as_)
        await press(http, as_, ANNA, request, key="won")
    with clock.at(NOON + LATE):
        await press(http, as_, BORIS, request, key=key)
    return request


async def test_b10_a_receipt_is_kept_for_as_long_as_the_house_says(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Counted from the press itself; until then a repeat is answered alike."""
    request = await lost(intake_client, intake_service, as_)
    await told(intake_service)
    assert await forget(intake_service, NOON + KEPT) == ["won", "lost"]
    assert await forget(intake_service, NOON + KEPT + TICK) == ["lost"]
    assert await forget(intake_service, NOON + LATE + KEPT) == ["lost"]
    with clock.at(NOON + LATE + KEPT):
        again = await press(intake_client, as_, BORIS, request, key="lost")
    assert again.json()["receipt"] == {"order": 2, "margin_ms": 3000, "accepted_at": "2026-03-02T09:00:00Z"}
    assert await forget(intake_service, NOON + LATE + KEPT + TICK) == []


async def test_b10_a_press_that_was_not_told_yet_is_not_forgotten(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Or antifraud would never hear of it."""
    await lost(intake_client, intake_service, as_)
    assert await forget(intake_service, NOON + 2 * KEPT) == ["lost"]


async def test_b10_presses_on_a_request_that_is_open_again_are_kept(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Who lost it once may still win it, and who was silent may not."""
    change = {"changes": {"race": {"open_for": "P3660D"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    request = await lost(intake_client, intake_service, as_)
    await told(intake_service)
    with clock.at(NOON + timedelta(minutes=1)):
        await pass_time(intake_service.database, NOON)
    assert await forget(intake_service, NOON + 2 * KEPT) == ["won", "lost"]
    with clock.at(NOON + 2 * KEPT):
        await intake_client.post(f"requests/{request['id']}/withdrawal", headers=as_(OLENA))
    assert await forget(intake_service, NOON + 2 * KEPT) == []


async def test_b9_b10_a_press_that_the_load_chart_looks_at_is_kept_whatever_the_house_says(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """And another house's shorter time is no reason to forget it."""
    await joined(intake_service, [STRANGE_SPECIALIST])
    await lost(intake_client, intake_service, as_)
    with clock.at(NOON):
        strange = await opened(intake_client, as_, by=STRANGE_CLIENT)
        await press(intake_client, as_, STRANGE_SPECIALIST, strange, key="strange")
    await told(intake_service)
    change = {"changes": {"race": {"receipts_kept": "P2D"}}}
    assert (await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))).status_code == 201
    assert await forget(intake_service, NOON + timedelta(weeks=9)) == ["won", "strange", "lost"]
    assert await forget(intake_service, NOON + timedelta(weeks=9) + LATE + TICK) == ["strange"]


async def test_b10_however_many_there_are_they_go_a_page_at_a_time(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction is long, and none is left."""
    monkeypatch.setattr("services.intake.jobs.MOST", 2)
    request = await lost(intake_client, intake_service, as_)
    for number in range(4):
        with clock.at(NOON + LATE):
            await press(intake_client, as_, BORIS, request, key=f"again {number}")
    for _ in range(3):
        await told(intake_service)
    assert await forget(intake_service, NOON + LATE + KEPT + TICK) == []


@pytest.mark.parametrize("span", ["PT47H", "P3661D"])
async def test_b10_receipts_are_kept_long_enough_to_be_asked_for(
    intake_client: httpx.AsyncClient, as_: As, span: str
) -> None:
    """A repeat is answered alike for two days at least, as everything else is."""
    change = {"changes": {"race": {"receipts_kept": span}}}
    answer = await intake_client.post("policies", json=change, headers=as_(OMAR, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule")


async def test_c3_times_that_passed_are_kept_only_if_somebody_had_them(shop: Shop) -> None:
    """Free ones that are to come stay as well."""
    await shop.offers("planned_call")
    order = await shop.paid("planned_call")
    starts = [NOON + timedelta(days=days) for days in (8, 9, 10)]
    with clock.at(NOON):
        slots = [(await shop.post("slots", ANNA, starts_at=each.isoformat(), minutes=50)).json() for each in starts]
        await shop.post(f"orders/{order}/slot", OLENA, slot_id=slots[0]["id"])
    with clock.at(starts[1] + TICK):
        await forget_slots(shop.intake.database, NOON)
    assert [row.starts_at for row in await shop.rows("SELECT starts_at FROM slots ORDER BY 1")] == [
        starts[0],
        starts[2],
    ]
