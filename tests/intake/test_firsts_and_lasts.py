"""Of several of a kind, which one is told: the first, the last, or the one that still stands."""

from datetime import UTC, datetime, timedelta

import httpx

from libs.kit import clock
from libs.kit.service import Running
from tests.intake.cast import As, joined, opened, press
from tests.intake.meetings import BEGUN, FIRST, HOUR, engaged
from tests.intake.shop import DAY, Shop
from tests.intake.shop import NOON as PLACED
from tests.people import ANNA, BORIS, OLENA

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def test_r11_the_window_opens_with_the_soonest_session_and_is_open_since_the_first(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """Whichever was agreed first, and however many were held since."""
    work = await engaged(intake_service, intake_client, as_)
    later, sooner = [await work.booked(FIRST + days * DAY, at=BEGUN) for days in (2, 1)]
    assert datetime.fromisoformat((await work.window())["opens_at"]) == FIRST + DAY
    for session, days in ((sooner, 1), (later, 2)):
        assert (await work.tell(session, ANNA, "held", FIRST + days * DAY + HOUR)).status_code == 200
    assert datetime.fromisoformat((await work.window())["since"]) == FIRST + DAY + HOUR


async def test_b2_a_client_sees_the_last_look_at_their_number(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Of all that there were."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        request = await opened(intake_client, as_, kind="phone", phone="+380447654321")
        await press(intake_client, as_, ANNA, request)
    for seconds in (1, 5):
        with clock.at(NOON + seconds * SECOND):
            looked = await intake_client.get(f"requests/{request['id']}/contact", headers=as_(ANNA))
            assert looked.status_code == 200
    seen = (await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))).json()
    assert datetime.fromisoformat(seen["phone_shown_at"]) == NOON + 5 * SECOND


async def test_d12_a_later_request_is_linked_to_the_one_that_somebody_has(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Rather than to a newer one that nobody took."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        taken = await opened(intake_client, as_)
        await press(intake_client, as_, ANNA, taken)
    with clock.at(NOON + SECOND):
        await opened(intake_client, as_)
    with clock.at(NOON + 2 * SECOND):
        assert (await opened(intake_client, as_))["linked_to"] == taken["id"]


async def test_c9_who_is_avoided_sees_times_only_for_a_call_that_is_still_to_come(shop: Shop) -> None:
    """Not for one that has begun, that was cancelled, or that is no call."""
    await shop.offers("planned_call", "one_question")
    with clock.at(PLACED):
        orders = [await shop.paid("planned_call") for _ in range(2)]
        await shop.paid("one_question")
        slot = await shop.post("slots", ANNA, starts_at=(PLACED + 10 * DAY).isoformat(), minutes=50)
        assert slot.status_code == 201
        assert (await shop.put(f"orders/{orders[0]}/avoidance", ANNA)).status_code == 204

        async def seen() -> int:
            return len((await shop.get(f"slots?specialist_id={ANNA.id}")).json()["items"])

        assert await seen() == 1
        await shop.done(f"orders/{orders[0]}/cancellation", OLENA)
        assert await seen() == 1
        async with shop.intake.database.begin() as connection:
            await connection.exec_driver_sql("UPDATE orders SET started_at = paid_at WHERE cancelled_at IS NULL")
        assert await seen() == 0
        async with shop.intake.database.begin() as connection:
            await connection.exec_driver_sql("UPDATE orders SET started_at = NULL")
        await shop.done(f"orders/{orders[1]}/cancellation", OLENA)
        assert await seen() == 0
        assert len((await shop.get(f"slots?specialist_id={ANNA.id}", BORIS)).json()["items"]) == 1
