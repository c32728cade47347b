"""A decision settles the tickets whose question it answers, and leaves all others as they were decided."""

from typing import Any

import pytest

from tests.support.scenes import Desk, request_of


@pytest.mark.parametrize("put_back", [False, True], ids=["struck", "put back"])
async def test_r6_d13_what_was_denied_stays_denied_whatever_another_ticket_brings(
    support_service: Any, anna: Desk, marta: Desk, *, put_back: bool
) -> None:
    """Its own answer is part of the record; only its own decision changes it."""
    request_id = await request_of(support_service)
    denied = await anna.ticket(request_id)
    await marta.decide(denied, outcome="denied", reason="no_evidence")
    before = (await anna.get(f"tickets/{denied}")).json()
    struck = await anna.ticket(request_id)
    await marta.decide(struck)
    if put_back:
        assert (await marta.reinstate(struck)).status_code == 201
    assert (await anna.get(f"tickets/{denied}")).json() == before
    assert (await anna.get(f"tickets/{struck}")).json()["status"] == ("reinstated" if put_back else "excluded")
