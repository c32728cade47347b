"""Profiles: what specialists say of their work, and who sees which part of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.intake import ProfileChanged
from libs.kit import clock
from libs.kit.service import Running
from tests.canary import tables_with
from tests.intake.cast import As, joined, opened, press
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR, STRANGE_CLIENT, STRANGE_SPECIALIST, TARAS, Principal

NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CARD = "Monobank 5375 4141 0000 1234"
SAID: dict[str, Any] = {
    "languages": ["uk", "ru"], "accepts_minors": False, "verticals": ["psychotherapy"], "zone": "Europe/Kyiv",
    "prices": [
        {"region": "large_city", "currency": "RUB", "lowest": 200000, "highest": None},
        {"region": "province", "currency": "RUB", "lowest": None, "highest": 200000},
        {"region": "europe", "currency": "EUR", "lowest": 4500, "highest": 4500},
    ],
    "messengers": [{"messenger": "viber", "login": "+380 44 123 45 67"}, {"messenger": "telegram", "login": "@anna_h"}],
    "payment": CARD,
}  # fmt: skip


async def say(client: httpx.AsyncClient, as_: As, who: Principal = ANNA, seen: str = '"0"', **said: Any) -> Any:
    """Say it whole, with some of it otherwise."""
    return await client.put("specialists/me", json=SAID | said, headers=as_(who) | {"If-Match": seen})


async def changes(intake: Running) -> list[ProfileChanged]:
    return [each.data for each in await outbox(intake.database.engine) if isinstance(each.data, ProfileChanged)]


async def allowed(client: httpx.AsyncClient, as_: As, policy: str) -> None:
    change = {"changes": {"profile": {"off_platform": policy}}}
    assert (await client.post("policies", json=change, headers=as_(OMAR, key=str(uuid7())))).status_code == 201


async def engaged(client: httpx.AsyncClient, as_: As, intake: Running) -> Any:
    """A request of Olena's that Anna, who has said all of her work, has won."""
    await joined(intake, [ANNA, BORIS])
    assert (await say(client, as_)).status_code == 200
    request = await opened(client, as_)
    assert (await press(client, as_, ANNA, request)).status_code == 201
    return request


async def test_a_profile_begins_empty_and_is_said_whole(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Every version has its tag; the fact travels, the words do not."""
    await joined(intake_service, [ANNA])
    empty = await intake_client.get("specialists/me", headers=as_(ANNA))
    assert (empty.headers["ETag"], empty.json()["version"], empty.json()["payment"]) == ('"0"', 0, None)
    answer = await say(intake_client, as_)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert answer.json() == SAID | {
        "id": str(ANNA.id), "version": 1, "languages": ["ru", "uk"],
        "prices": sorted(SAID["prices"], key=lambda band: band["region"]),
        "messengers": [
            {"messenger": "telegram", "login": "anna_h"}, {"messenger": "viber", "login": "380441234567"},
        ],
    }  # fmt: skip
    assert (await intake_client.get("specialists/me", headers=as_(ANNA))).json() == answer.json()
    [said] = await changes(intake_service)
    assert (said.specialist_id, said.version, said.languages, said.accepts_minors) == (ANNA.id, 1, ("ru", "uk"), False)
    assert await tables_with(intake_service, CARD) == set()


async def test_nobodys_change_is_lost(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> None:
    """Without a tag 428, with an old one 412, and of two at once one."""
    await joined(intake_service, [ANNA])
    blind = await intake_client.put("specialists/me", json=SAID, headers=as_(ANNA))
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_missing")
    at_once = await asyncio.gather(say(intake_client, as_, zone="Europe/Sofia"), say(intake_client, as_, zone=None))
    assert sorted(answer.status_code for answer in at_once) == [200, 412]
    late = await say(intake_client, as_)
    assert (late.status_code, late.json()["code"]) == (412, "version_passed")
    assert (await say(intake_client, as_, seen='"1"')).json()["version"] == 2


async def test_saying_the_same_again_says_nothing_new(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Not even in another order."""
    await joined(intake_service, [ANNA])
    await say(intake_client, as_)
    again = await say(intake_client, as_, seen='"1"', languages=["ru", "uk", "ru"], prices=SAID["prices"][::-1])
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert len(await changes(intake_service)) == 1


async def test_who_has_not_joined_has_no_profile(intake_client: httpx.AsyncClient, as_: As) -> None:
    for answer in (await say(intake_client, as_), await intake_client.get("specialists/me", headers=as_(ANNA))):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_eligible")


async def test_b18_how_to_pay_and_where_to_write_is_no_part_of_what_everybody_sees(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Everybody of the house sees the rest; another house sees no specialist at all."""
    await joined(intake_service, [ANNA])
    await say(intake_client, as_)
    for viewer in (OLENA, BORIS, MARTA, ANNA):
        answer = await intake_client.get(f"specialists/{ANNA.id}", headers=as_(viewer))
        assert answer.status_code == 200
        assert answer.json().keys() == {
            "id", "languages", "accepts_minors", "verticals", "zone", "prices"
        }  # fmt: skip
        assert not {word for word in ("5375", "anna_h", "380441234567") if word in answer.text}
    for stranger, id in ((STRANGE_CLIENT, ANNA.id), (STRANGE_SPECIALIST, ANNA.id), (OLENA, BORIS.id), (OLENA, uuid7())):
        hidden = await intake_client.get(f"specialists/{id}", headers=as_(stranger))
        assert (hidden.status_code, hidden.json()["code"]) == (404, "specialist_unknown")
    assert (await intake_client.get("specialists/me", headers=as_(OLENA))).status_code == 403


@pytest.mark.parametrize(
    "band",
    [
        {"lowest": None, "highest": None}, {"lowest": 2, "highest": 1}, {"lowest": -1}, {"currency": "eur"},
        {"currency": "EURO"}, {"region": "moon"}, {"lowest": 10**12}, {"lowest": 1.5}, {"currency": "EUR\n"},
    ],
)  # fmt: skip
async def test_b20_a_price_band_that_cannot_be_meant_is_refused(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, band: dict[str, Any]
) -> None:
    await joined(intake_service, [ANNA])
    band = {"region": "europe", "currency": "EUR", "lowest": 4500, "highest": None} | band
    assert (await say(intake_client, as_, prices=[band])).status_code == 422


async def test_b20_a_region_has_one_price_band(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """In whatever currency; the same lowest and highest price is one price."""
    await joined(intake_service, [ANNA])
    bands = [{"region": "europe", "currency": name, "lowest": 1, "highest": 1} for name in ("EUR", "BGN")]
    twice = await say(intake_client, as_, prices=bands)
    assert (twice.status_code, twice.json()["code"]) == (422, "price_impossible")
    assert (await say(intake_client, as_, prices=bands[:1])).json()["prices"] == bands[:1]


@pytest.mark.parametrize(
    "said",
    [
        {"zone": "Europe"}, {"zone": "../../etc/passwd"}, {"zone": "Europe/Atlantis"}, {"zone": ""},
        {"zone": "a" * 500}, {"zone": "Europe/Kyiv\x00"}, {"languages": ["de"]}, {"languages": ["uk"] * 5},
        {"verticals": ["astrology"]},
        {"payment": "x" * 2001}, {"payment": "\x00"}, {"payment": "  "}, {"version": 7}, {"accepts_minors": "often"},
        {"messengers": [{"messenger": "icq", "login": "1"}]}, {"messengers": [{"messenger": "viber", "login": "evil"}]},
        {"messengers": [{"messenger": "signal", "login": "+77777777777"}]},
        {"messengers": [{"messenger": "telegram", "login": "evil.com/x"}]},
    ],
)  # fmt: skip
async def test_a_profile_that_cannot_be_meant_is_refused(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, said: dict[str, Any]
) -> None:
    """Without repeating what was sent."""
    await joined(intake_service, [ANNA])
    answer = await say(intake_client, as_, **said)
    assert answer.status_code == 422
    assert "evil" not in answer.text
    assert await changes(intake_service) == []


async def test_b17_minors_are_taken_by_who_says_to_accept_them(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """From the change on, and no longer than said; for the others the request does not exist (D17)."""
    await joined(intake_service, [ANNA])
    await say(intake_client, as_)
    minor = await opened(intake_client, as_, age="minor")
    assert (await press(intake_client, as_, ANNA, minor)).json()["code"] == "request_unknown"
    await say(intake_client, as_, seen='"1"', accepts_minors=True)
    assert (await press(intake_client, as_, ANNA, minor)).status_code == 201
    assert [said.accepts_minors for said in await changes(intake_service)] == [False, True]


async def test_requests_are_taken_in_the_languages_that_are_said(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    await joined(intake_service, [ANNA])
    request = await opened(intake_client, as_, locale="bg")
    await say(intake_client, as_)
    assert (await press(intake_client, as_, ANNA, request)).json()["code"] == "request_unknown"
    await say(intake_client, as_, seen='"1"', languages=[])
    assert (await press(intake_client, as_, ANNA, request)).status_code == 201


async def test_b18_how_to_pay_is_shown_to_own_clients(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """From the engagement on, and to nobody beside them."""
    await joined(intake_service, [ANNA])
    await say(intake_client, as_)
    request = await opened(intake_client, as_)
    path = f"requests/{request['id']}/payment"
    assert (await intake_client.get(path, headers=as_(OLENA))).status_code == 404
    await press(intake_client, as_, ANNA, request)
    assert (await intake_client.get(path, headers=as_(OLENA))).json() == {"instructions": CARD}
    for stranger in (TARAS, STRANGE_CLIENT):
        hidden = await intake_client.get(path, headers=as_(stranger))
        assert (hidden.status_code, hidden.json()["code"]) == (404, "request_unknown")
    assert (await intake_client.get(path, headers=as_(BORIS))).status_code == 403
    await intake_client.post(f"requests/{request['id']}/withdrawal", headers=as_(OLENA))
    assert (await intake_client.get(path, headers=as_(OLENA))).status_code == 404


async def test_d3_messengers_are_shown_as_the_house_allows(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Never, once a first session was held, or from the engagement on."""
    request = await engaged(intake_client, as_, intake_service)
    path = f"requests/{request['id']}/messengers"

    async def shown() -> Any:
        return (await intake_client.get(path, headers=as_(OLENA))).json()

    links = [
        {"messenger": "telegram", "urls": ["https://t.me/anna_h"]},
        {"messenger": "viber", "urls": ["viber://chat?number=%2B380441234567", "https://msng.link/vi/380441234567"]},
    ]
    assert await shown() == {"policy": "after_first_session", "links": []}
    await allowed(intake_client, as_, "allow")
    assert await shown() == {"policy": "allow", "links": links}
    await allowed(intake_client, as_, "forbid")
    await a_session(intake_service, request, "held")
    assert await shown() == {"policy": "forbid", "links": []}
    await allowed(intake_client, as_, "after_first_session")
    assert await shown() == {"policy": "after_first_session", "links": links}


@pytest.mark.parametrize("outcome", [None, "void"])
async def test_d3_a_session_that_was_not_held_shows_nothing(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As, outcome: str | None
) -> None:
    request = await engaged(intake_client, as_, intake_service)
    await a_session(intake_service, request, outcome)
    answer = await intake_client.get(f"requests/{request['id']}/messengers", headers=as_(OLENA))
    assert answer.json()["links"] == []


async def test_d3_a_session_that_a_merge_moved_was_held_all_the_same(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """It counts under the earlier request, and its client met the specialist under this one (R3)."""
    request, earlier = await engaged(intake_client, as_, intake_service), await opened(intake_client, as_)
    await a_session(intake_service, request, "held")
    async with intake_service.database.session("*") as tx:
        await tx.execute(text("UPDATE sessions SET request_id = :id"), {"id": earlier["id"]})
    answer = await intake_client.get(f"requests/{request['id']}/messengers", headers=as_(OLENA))
    assert len(answer.json()["links"]) == 2


async def test_b13_messengers_are_shown_to_the_client_of_the_request_alone(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """And no longer than somebody works with them."""
    request = await engaged(intake_client, as_, intake_service)
    await allowed(intake_client, as_, "allow")
    waiting = await opened(intake_client, as_, TARAS)
    for viewer, asked in ((TARAS, request), (STRANGE_CLIENT, request), (TARAS, waiting), (OLENA, {"id": uuid7()})):
        hidden = await intake_client.get(f"requests/{asked['id']}/messengers", headers=as_(viewer))
        assert (hidden.status_code, hidden.json()["code"]) == (404, "request_unknown")
    path = f"requests/{request['id']}/messengers"
    assert (await intake_client.get(path, headers=as_(ANNA))).status_code == 403
    await intake_client.post(f"requests/{request['id']}/withdrawal", headers=as_(OLENA))
    assert (await intake_client.get(path, headers=as_(OLENA))).status_code == 404


async def a_session(intake: Running, request: Any, outcome: str | None) -> None:
    """The two agreed a session, which came to this."""
    now = clock.now()
    row = {
        "id": uuid7(), "tenant": ANNA.tenant, "request_id": request["id"], "booked_under": request["id"],
        "client_id": OLENA.id, "specialist_id": ANNA.id, "number": 1, "starts_at": now - timedelta(hours=2),
        "booked_at": now, "agreed_at": now, "outcome": outcome, "outcome_at": now if outcome else None,
    }  # fmt: skip
    names = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    async with intake.database.session("*") as tx:
        await tx.execute(text(f"INSERT INTO sessions ({names}) VALUES ({places})"), row)  # noqa: S608 - names of ours
