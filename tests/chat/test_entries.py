"""Links from notifications: each opens one conversation, once, for its client."""

import asyncio
import hashlib
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.kit.sql import EVERY_TENANT
from services.chat.commands.entries import token_of
from services.chat.queries.entries import digest_of
from tests.canary import tables_with
from tests.chat.notices import House, token_in
from tests.chat.scenes import hear, heard, released, say
from tests.people import ANNA, BORIS, OLENA, TARAS

GRACE, AGAIN, DAYS = 31, 301, 86_400


@pytest.fixture(autouse=True)
def nobody_has_tried_yet(chat_service: Any) -> None:
    chat_service.resources.tries._did.clear()


@pytest_asyncio.fixture
async def house(chat_service: Any, chat_client: Any, as_: Any) -> House:
    made = House(chat_service, chat_client, as_)
    await made.reached(OLENA)
    return made


async def sent_link(house: House, talk: UUID) -> str:
    """The client is away, and is sent a link."""
    await house.write(ANNA, talk)
    (sms,) = await house.passes(AGAIN)
    return token_in(sms)


async def look(house: House, token: str) -> int:
    return (await house.ask("GET", f"entries/{token}", None)).status_code


async def use(house: House, token: str) -> Any:
    return await house.ask("POST", f"entries/{token}/use", None)


async def entered(house: House, token: str) -> dict[str, str]:
    """The headers of whoever used this link."""
    answer = await use(house, token)
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Entry {answer.json()['secret']}"}


async def test_p6_a_link_opens_its_talk_once(house: House):
    talk = await house.talk()
    token = await sent_link(house, talk)
    answer = await use(house, token)
    assert answer.status_code == 201
    assert answer.json()["conversation_id"] == str(talk)
    guest = {"Authorization": f"Entry {answer.json()['secret']}"}
    seen = await house.ask("GET", f"conversations/{talk}", None, headers=guest)
    assert seen.json()["side"] == "client"
    assert (await heard(house.http, guest, talk))["items"][0]["body"] == "Hello"
    assert (await say(house.http, guest, talk, "Here I am")).json()["sender_id"] == str(OLENA.id)
    assert (await use(house, token)).status_code == 404


async def test_p6_a_preview_uses_nothing_up_and_learns_nothing(house: House):
    token = await sent_link(house, await house.talk())
    for _ in range(5):
        answer = await house.ask("GET", f"entries/{token}", None)
        assert (answer.status_code, answer.json()) == (200, {"good": True})
    assert (await use(house, token)).status_code == 201
    assert await look(house, token) == 404


async def test_p6_ten_at_once_and_one_gets_in(house: House):
    token = await sent_link(house, await house.talk())
    answers = await asyncio.gather(*(use(house, token) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 9


async def test_p6_a_guest_is_nobody_in_any_other_talk(house: House):
    talk, other = await house.talk(), await house.talk(by=BORIS)
    guest = await entered(house, await sent_link(house, talk))
    await house.write(BORIS, other, "for her, but not by this link")
    for path in (f"conversations/{other}", f"conversations/{other}/messages", f"conversations/{other}/notifications"):
        assert (await house.ask("GET", path, None, headers=guest)).status_code == 404
    assert (await say(house.http, guest, other, "let me in")).status_code == 404
    assert [row["id"] for row in (await house.ask("GET", "conversations", None, headers=guest)).json()["items"]] == [
        str(talk)
    ]
    for method in ("GET", "DELETE"):
        assert (await house.ask(method, "addresses/mine", None, headers=guest)).status_code == 401


async def test_p6_a_guest_stays_for_a_while(house: House):
    talk = await house.talk()
    guest = await entered(house, await sent_link(house, talk))
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=guest)).status_code == 200
    await house.passes(12 * 3600 + 1)
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=guest)).status_code == 401


async def test_p6_a_link_grows_old(house: House):
    token = await sent_link(house, await house.talk())
    await house.passes(3 * DAYS - 10)
    assert await look(house, token) == 200
    await house.passes(11)
    assert (await look(house, token), (await use(house, token)).status_code) == (404, 404)


async def test_p6_whoever_was_sent_links_withdraws_them_and_their_guests(house: House):
    talk, other = await house.talk(), await house.talk(by=BORIS)
    guest = await entered(house, await sent_link(house, talk))
    unused = await sent_link(house, talk)
    await house.write(BORIS, other)
    (sms,) = await house.passes(AGAIN)
    assert (await house.ask("DELETE", "entries/mine", TARAS)).status_code == 204
    assert await look(house, unused) == 200
    assert (await house.ask("DELETE", "entries/mine", OLENA)).status_code == 204
    assert [await look(house, token) for token in (unused, token_in(sms))] == [404, 404]
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=guest)).status_code == 401


async def test_p6_a_guest_withdraws_the_links_of_their_talk_alone(house: House):
    talk, other = await house.talk(), await house.talk(by=BORIS)
    guest = await entered(house, await sent_link(house, talk))
    unused = await sent_link(house, talk)
    await house.write(BORIS, other)
    (sms,) = await house.passes(AGAIN)
    assert (await house.ask("DELETE", "entries/mine", None, headers=guest)).status_code == 204
    assert [await look(house, token) for token in (unused, token_in(sms))] == [404, 200]


@pytest.mark.parametrize("why", ["silence", "end", "erasure", "another client"])
async def test_p6_a_link_opens_nothing_after(why: str, house: House):
    talk = await house.talk()
    token = await sent_link(house, talk)
    changes = {
        "end": "ended_at = now(), ended_by = 'client'",
        "erasure": "erased_at = now()",
        "another client": f"client_id = '{TARAS.id}'",
    }
    if why == "silence":
        await house.wishes(OLENA, talk, muted=True)
    else:
        async with house.service.database.session(EVERY_TENANT) as tx:
            await tx.execute(text(f"UPDATE conversations SET {changes[why]} WHERE id = '{talk}'"))  # noqa: S608 - ours
    assert (await look(house, token), (await use(house, token)).status_code) == (404, 404)


async def test_p6_who_came_in_may_be_silent_and_stay(house: House):
    talk = await house.talk()
    guest = await entered(house, await sent_link(house, talk))
    path = f"conversations/{talk}/notifications"
    assert (await house.ask("PUT", path, None, headers=guest, json={"muted": True})).status_code == 200
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=guest)).status_code == 200


async def test_p6_a_seat_that_changes_hands_makes_the_clients_link_no_other_persons(house: House):
    talk = await house.talk()
    token = await sent_link(house, talk)
    await hear(house.service, released(talk))
    guest = await entered(house, token)
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=guest)).json()["side"] == "client"


async def test_a_bad_link_does_not_say_what_is_bad_about_it(house: House):
    talk = await house.talk()
    used, withdrawn = [await sent_link(house, talk) for _ in range(2)]
    await use(house, used)
    await house.ask("DELETE", "entries/mine", OLENA)
    await house.read(OLENA, talk, 2)
    fresh = await sent_link(house, talk)
    bad = [used, withdrawn, "never-was", "x" * 500, fresh[:-1], fresh + "A", fresh.swapcase(), "%F0%9F", "a b"]
    answers = [await ask for token in bad for ask in (house.ask("GET", f"entries/{token}", None), use(house, token))]
    bodies = {
        tuple(sorted((name, value) for name, value in each.json().items() if name not in {"instance", "trace_id"}))
        for each in answers
    }
    assert len({repr(body) for body in bodies}) == 1
    assert {answer.status_code for answer in answers} == {404}
    assert await look(house, fresh) == 200


@pytest.mark.parametrize("secret", ["", "x", "Bearer", "A" * 43])
async def test_a_guest_secret_that_never_was_opens_nothing(house: House, secret: str):
    talk = await house.talk()
    headers = {"Authorization": f"Entry {secret}"}
    assert (await house.ask("GET", f"conversations/{talk}", None, headers=headers)).status_code == 401


async def test_of_tokens_and_secrets_only_digests_are_kept(house: House):
    talk = await house.talk()
    token = await sent_link(house, talk)
    guest = (await entered(house, token))["Authorization"].removeprefix("Entry ")
    await say(house.http, {"Authorization": f"Entry {guest}"}, talk, "kept")
    for secret in (token, guest):
        assert await tables_with(house.service, secret) == set()
        assert digest_of(secret) == hashlib.sha256(secret.encode()).digest()
        assert len(secret) == 43


async def test_links_are_not_to_be_guessed_from_one_another(house: House):
    sealer = house.service.resources.vault.sealer
    tokens = {token_of(sealer, uuid7()) for _ in range(1000)}
    assert len(tokens) == 1000
    assert len({token[:6] for token in tokens}) == 1000


async def test_links_are_tried_only_so_often_from_one_address(house: House):
    async def tries(address: str, count: int) -> list[int]:
        transport = ASGITransport(house.service.app, client=(address, 1234))
        async with AsyncClient(transport=transport, base_url="http://dovira.test/v1") as http:
            return [(await http.get("entries/x")).status_code for _ in range(count)]

    assert await tries("203.0.113.5", 32) == [404] * 30 + [429] * 2
    assert await tries("203.0.113.6", 1) == [404]
    assert await tries("2001:db8:1:2::1", 30) == [404] * 30
    assert await tries("2001:db8:1:2:ffff::9", 1) == [429]
    assert await tries("2001:db8:1:3::1", 1) == [404]
