"""The places that receipts tell (B10)."""

import httpx

from libs.kit.service import Running
from tests.intake.cast import As, at_once, crowd, joined, opened, press


async def test_b10_a_press_that_comes_twice_at_once_takes_one_place(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """As a retry does whose first try still waits in the line of losers."""
    anna, boris, cyril = await joined(intake_service, crowd(3))
    request = await opened(intake_client, as_)
    assert (await press(intake_client, as_, anna, request)).status_code == 201
    twice = [press(intake_client, as_, boris, request, "one key") for _ in range(2)]
    both = await at_once(intake_service, "requests", twice)
    after = await press(intake_client, as_, cyril, request)
    assert [answer.json()["receipt"]["order"] for answer in (*both, after)] == [2, 2, 3]
