"""How much of the feed a new reader is shown."""

import httpx

from libs.kit.service import Running
from services.intake.api.hub import Hub
from services.intake.domain import Racer
from services.intake.settings import Settings
from tests.intake.cast import As, opened
from tests.people import BORIS

SHOWN = 10


async def test_a_new_reader_is_shown_the_newest_of_many(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """As many as the house shows, the oldest of them first, whether the hub saw them come or began with them."""
    watching, late = (Hub(intake_service.database, Settings(feed_shows=SHOWN)) for _ in range(2))
    await watching.load()
    requests = [str((await opened(intake_client, as_))["id"]) for _ in range(SHOWN + 2)]
    await watching.look()
    await late.load()
    for hub in (watching, late):
        stream = await hub.read("therapy", Racer(BORIS.id), None)
        shown = (await anext(stream)).decode()
        await stream.aclose()
        places = [shown.find(each) for each in requests]
        assert places[:2] == [-1, -1]
        assert sorted(places[2:]) == places[2:] != [-1] * SHOWN
