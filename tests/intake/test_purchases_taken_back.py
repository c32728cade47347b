"""A purchase that was said by mistake."""

from typing import Any

import httpx
import pytest

from libs.events.intake import PurchaseVoided, RefusalCameLate, SessionPurchased
from libs.kit import clock
from libs.kit.service import Running
from tests.intake.cast import As, at_once
from tests.intake.meetings import FIRST, HOUR, Work, engaged
from tests.people import ANNA, BORIS, OLENA, TARAS, Principal

AFTER = FIRST + 3 * HOUR


@pytest.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Olena's request, which Anna won."""
    return await engaged(intake_service, intake_client, as_)


async def back(work: Work, number: int, by: Principal = OLENA, at: Any = AFTER) -> tuple[int, str]:
    with clock.at(at):
        answer = await work.http.delete(f"requests/{work.id}/purchases/{number}", headers=work.as_(by))
    return answer.status_code, answer.json()["code"] if answer.content else ""


async def paid(work: Work) -> list[tuple[int, str]]:
    page = (await work.get(ANNA, f"requests/{work.id}/purchases")).json()["items"]
    return [(each["number"], each["said_by"]) for each in page]


async def test_b18_who_said_that_a_session_was_paid_takes_it_back(work: Work) -> None:
    """The last one first, so that the others stay one after the other; and it can be said again, by either side."""
    await work.held()
    assert (await work.pay(1, ANNA)).status_code == 201
    assert (await work.pay(2, OLENA)).status_code == 201
    assert await back(work, 1, ANNA) == (409, "later_one_paid")
    assert await back(work, 2, ANNA) == (409, "said_by_the_other")
    assert await back(work, 2, OLENA) == (204, "")
    assert await paid(work) == [(1, "specialist")]
    assert await back(work, 1, OLENA) == (409, "said_by_the_other")
    assert await back(work, 1, ANNA) == (204, "")
    assert await paid(work) == []
    assert [(await work.pay(number)).json()["said_by"] for number in (1, 2)] == ["client", "client"]
    assert await paid(work) == [(1, "client"), (2, "client")]
    said = [(event.number, getattr(event, "version", None)) for event in await work.said(SessionPurchased)]
    assert said == [(1, None), (2, None), (1, None), (2, None)]
    voids = [(event.number, event.version, event.void) for event in await work.said(PurchaseVoided)]
    assert voids == [(2, 1, True), (1, 1, True), (1, 2, False), (2, 2, False)]
    assert await back(work, 2, OLENA) == (204, "")
    [*_, last] = await work.said(PurchaseVoided)
    assert (last.number, last.version, last.void, last.at, last.specialist_id) == (2, 3, True, AFTER, ANNA.id)


async def test_b18_what_is_not_said_to_be_paid_is_taken_back_in_silence(work: Work) -> None:
    """Once or twice; and nobody else has a word in it."""
    assert await back(work, 1) == (204, "")
    await work.pay(1)
    assert await back(work, 2) == (204, "")
    for stranger in (TARAS, BORIS):
        assert await back(work, 1, stranger) == (404, "request_unknown")
    assert [await back(work, 1) for _ in range(2)] == [(204, ""), (204, "")]
    assert len(await work.said(PurchaseVoided)) == 1
    for number in (0, 10_001):
        assert (await back(work, number))[0] == 422


async def test_d11_a_mistake_that_is_taken_back_opens_the_way_out_again(work: Work) -> None:
    """The work can be ended once nothing stands against it, and then nothing more is paid."""
    await work.held()
    for number in (1, 2):
        await work.pay(number)
    assert (await work.window())["shut"] == "next_session_paid"
    assert await back(work, 2) == (204, "")
    assert (await work.window())["open"]
    assert (await work.refuse(at=AFTER)).status_code == 201
    assert (await work.pay(2, at=AFTER)).json()["code"] == "engagement_ended"


async def test_d11_a_refusal_that_came_late_stays_supports(work: Work) -> None:
    """It was answered for good, and its case is open."""
    await work.held()
    for number in (1, 2):
        await work.pay(number)
    assert (await work.refuse(at=AFTER)).status_code == 409
    assert await back(work, 2) == (204, "")
    assert (await work.window())["shut"] == "support_asked"
    assert len(await work.said(RefusalCameLate)) == 1


async def test_d11_taken_back_many_times_at_once_is_taken_back_once(work: Work) -> None:
    await work.pay(1)

    async def press() -> httpx.Response:
        return await work.http.delete(f"requests/{work.id}/purchases/1", headers=work.as_(OLENA))

    answers = await at_once(work.intake, "requests", [press() for _ in range(5)])
    assert [answer.status_code for answer in answers] == [204] * 5
    assert len(await work.said(PurchaseVoided)) == 1


async def test_r3_what_was_paid_by_mistake_keeps_no_request_from_being_part_of_another(
    work: Work, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """Once it is taken back."""
    await work.write("UPDATE specialists SET ready_at = NULL")
    later = await engaged(work.intake, intake_client, as_)
    await later.pay(1)
    merged = await later.call(ANNA, f"requests/{later.id}/merge", AFTER)
    assert merged.json()["code"] == "paid_here"
    assert await back(later, 1) == (204, "")
    assert (await later.call(ANNA, f"requests/{later.id}/merge", AFTER)).status_code == 200
