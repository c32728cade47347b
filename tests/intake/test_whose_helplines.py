"""What says that a client needs more help than a talk says from which country: others show its helplines (B17)."""

from typing import Any

import httpx
import pytest

from libs.bus.testing import outbox
from libs.events.intake import ClientReferred, DangerSignalled, RequestReleased
from libs.kit import clock
from libs.kit.service import Running
from tests.intake.cast import As, opened
from tests.intake.test_promise import NOON, ends, heard, replied, taken
from tests.people import OLENA


async def where(service: Running, kind: Any) -> list[Any]:
    said = [envelope.data for envelope in await outbox(service.database.engine)]
    return [(each.country, each.locale) for each in said if isinstance(each, kind)]


@pytest.mark.parametrize("country", ["UA", None])
async def test_b17_danger_is_signalled_with_a_country_where_it_is_known(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, country: str | None
) -> None:
    """From the first, or later."""
    await opened(intake_client, as_, country=country, in_danger=True)
    request = await opened(intake_client, as_, country=country)
    await ends(intake_client, as_, request, "danger", OLENA)
    assert await where(intake_service, DangerSignalled) == [(country, "uk")] * 2


@pytest.mark.parametrize(
    ("how", "body", "kind"),
    [("handover", {}, RequestReleased), ("referral", {"to": "crisis_team"}, ClientReferred)],
)  # fmt: skip
async def test_b17_c10_whoever_is_handed_on_comes_with_their_country(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, *, how: str, body: Any, kind: type
) -> None:
    request = await taken(intake_client, intake_service, as_, country="BG", locale="bg")
    with clock.at(NOON):
        await heard(intake_service, replied(request, NOON))
        answer = await ends(intake_client, as_, request, how, **body)
    assert answer.status_code == 200, answer.text
    assert await where(intake_service, kind) == [("BG", "bg")]
