"""What intake does about what support decides."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.bus.testing import deliver, outbox
from libs.events.intake import CooldownReleased, RequestDeactivated
from libs.events.support import ExclusionDecided
from libs.kit import clock
from libs.kit.service import Running
from services.intake.consumers import consumers
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, OLENA, THERAPY, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def decided(request: Any, by: Principal = ANNA, *, version: int = 1, excluded: bool = True) -> ExclusionDecided:
    return ExclusionDecided(
        tenant=THERAPY, at=clock.now(), request_id=request["id"], specialist_id=by.id, ticket_id=uuid7(),
        decision_id=uuid7(), version=version, excluded=excluded, ground="spam",
    )  # fmt: skip


async def heard(intake: Running, *events: ExclusionDecided) -> None:
    for event in events:
        await deliver(event, consumers, intake.database.sessions)


async def told(intake: Running) -> list[str]:
    """What intake had to say about it."""
    kinds = [type(envelope.data) for envelope in await outbox(intake.database.engine)]
    return [kind.__name__ for kind in kinds if kind in {RequestDeactivated, CooldownReleased}]


async def ready(client: httpx.AsyncClient, as_: As) -> bool:
    return bool((await client.get("readiness", headers=as_(ANNA))).json()["ready"])


async def test_r4_d5_an_exclusion_closes_the_request_and_gives_the_wait_back(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Once, however often it is heard."""
    await joined(intake_service, [ANNA, BORIS])
    request = await opened(intake_client, as_, kind="phone", phone="+380447654321")
    await press(intake_client, as_, ANNA, request)
    assert not await ready(intake_client, as_)
    event = decided(request)
    await heard(intake_service, event, event, decided(request, version=3))
    assert await ready(intake_client, as_)
    assert await told(intake_service) == ["RequestDeactivated", "CooldownReleased"]
    seen = await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))
    assert seen.json()["state"] == "closed"
    for link, status in [("contact", 404), ("sessions", 409)]:
        answer = await intake_client.request(
            "GET" if link == "contact" else "POST",
            f"requests/{request['id']}/{link}",
            json={"starts_at": "2030-01-01T00:00:00Z"} if link == "sessions" else None,
            headers=as_(ANNA, key=link),
        )
        assert answer.status_code == status
    assert (await press(intake_client, as_, BORIS, request)).json()["code"] == "request_closed"


async def test_d5_only_the_wait_that_this_request_began_is_given_back(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """A newer accept's wait stands, and a wait that is over needs no release."""
    await joined(intake_service, [ANNA])
    with clock.at(NOON):
        first, second = await opened(intake_client, as_), await opened(intake_client, as_)
        await press(intake_client, as_, ANNA, first)
    with clock.at(NOON + timedelta(minutes=20)):
        await press(intake_client, as_, ANNA, second)
        await heard(intake_service, decided(first))
        assert not await ready(intake_client, as_)
    with clock.at(NOON + timedelta(minutes=40)):
        await heard(intake_service, decided(second))
    assert await told(intake_service) == ["RequestDeactivated", "RequestDeactivated"]


async def test_d5_a_wait_that_was_already_replaced_is_left_alone(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Had another outcome released the first wait early, its exclusion must not end the second."""
    await joined(intake_service, [ANNA])
    first, second = await opened(intake_client, as_), await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, first)
    async with intake_service.database.session("*") as tx:
        await tx.execute(text("UPDATE specialists SET ready_at = NULL, resting_after = NULL"))
    assert (await press(intake_client, as_, ANNA, second)).status_code == 201
    await heard(intake_service, decided(first))
    assert not await ready(intake_client, as_)
    assert await told(intake_service) == ["RequestDeactivated"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_r4_decisions_may_come_in_any_order(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, order: tuple[int, ...]
) -> None:
    """Struck, put back, struck again: the request is closed, and that was said once."""
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_)
    await press(intake_client, as_, ANNA, request)
    events = [decided(request, version=1), decided(request, version=2, excluded=False), decided(request, version=3)]
    await heard(intake_service, *(events[n] for n in order), *events)
    assert await told(intake_service) == ["RequestDeactivated", "CooldownReleased"]
    assert await ready(intake_client, as_)


async def test_an_exclusion_of_a_request_that_is_not_ours_changes_nothing(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Unknown, or of another house."""
    request = await opened(intake_client, as_)
    foreign = ExclusionDecided(
        tenant="clinics", at=NOON, request_id=request["id"], specialist_id=ANNA.id, ticket_id=uuid7(),
        decision_id=uuid7(), version=1, excluded=True, ground="spam",
    )  # fmt: skip
    await heard(intake_service, foreign, decided({"id": uuid7()}))
    assert await told(intake_service) == []
    seen = await intake_client.get(f"requests/{request['id']}", headers=as_(OLENA))
    assert seen.json()["state"] == "open"


async def test_r4_a_struck_request_leaves_the_race(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Nobody can accept what support has closed."""
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_)
    await heard(intake_service, decided(request))
    refused = await press(intake_client, as_, ANNA, request)
    assert (refused.status_code, refused.json()["code"]) == (409, "request_closed")
    assert await ready(intake_client, as_)
