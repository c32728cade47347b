"""Pages: no item twice, none left out, and a cursor is only what we made it."""

import asyncio
from datetime import UTC, datetime

import pytest

from libs.bus.ids import uuid7
from libs.kit.pagination import CursorUnknown, Signer
from tests.people import OLENA, TARAS


@pytest.fixture
async def notes(sample_client, as_):
    for number in range(7):
        await sample_client.post("/plain-notes", json={"words": str(number)}, headers=as_(OLENA))


async def pages(client, headers, limit):
    found, url = [], f"/notes?limit={limit}"
    while True:
        answer = await client.get(url, headers=headers)
        assert len(answer.json()["items"]) <= limit
        found += [note["words"] for note in answer.json()["items"]]
        following = answer.links.get("next", {}).get("url")
        assert bool(following) == bool(answer.json()["next"])
        if not following:
            return found
        url = f"http://dovira.test{following}"


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
async def test_following_links_finds_each_item_once(sample_client, as_, limit):
    assert await pages(sample_client, as_(OLENA), limit) == [str(number) for number in range(7)]


@pytest.mark.usefixtures("notes")
async def test_what_arrives_meanwhile_moves_nothing(sample_client, as_):
    async def write():
        for _ in range(10):
            await sample_client.post("/plain-notes", json={"words": "new"}, headers=as_(TARAS))

    found, _ = await asyncio.gather(pages(sample_client, as_(OLENA), 1), write())
    assert [words for words in found if words != "new"] == [str(number) for number in range(7)]


@pytest.mark.parametrize("limit", [0, 101, "all"])
async def test_pages_are_bounded(sample_client, as_, limit):
    answer = await sample_client.get(f"/notes?limit={limit}", headers=as_(OLENA))
    assert answer.json()["errors"][0]["pointer"] == "#/query/limit"


@pytest.mark.usefixtures("notes")
async def test_a_cursor_that_was_touched_is_refused(sample_client, as_):
    cursor = (await sample_client.get("/notes?limit=2", headers=as_(OLENA))).json()["next"]
    for place in range(0, len(cursor), 7):
        touched = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        answer = await sample_client.get("/notes", params={"cursor": touched}, headers=as_(OLENA))
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_unknown")


@pytest.mark.parametrize("cursor", ["a", "ключ", "%", "AAAA", "=" * 50])
async def test_what_is_no_cursor_is_refused(sample_client, as_, cursor):
    answer = await sample_client.get("/notes", params={"cursor": cursor}, headers=as_(OLENA))
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_unknown")


def test_a_cursor_belongs_to_one_list_and_one_secret():
    key = [datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC), uuid7(), 7, "ї", None]
    signer = Signer(b"secret")
    cursor = signer.seal("/notes", key)
    assert signer.open("/notes", cursor) == key
    with pytest.raises(CursorUnknown):
        signer.open("/tickets", cursor)
    with pytest.raises(CursorUnknown):
        Signer(b"another").open("/notes", cursor)
