"""Whoever comes back asks for the conversations in which somebody waits for them, and is not shown all the others."""

from typing import Any
from uuid import UUID

from tests.chat.scenes import accepted, conversation, hear, released, say
from tests.people import ANNA, BORIS, OLENA


async def unread(client: Any, headers: dict[str, str], talks: list[UUID]) -> list[int]:
    """Which of these are listed, by their places, the one opened last first."""
    listed = (await client.get("conversations", headers=headers, params={"unread": True, "limit": 50})).json()["items"]
    return [talks.index(UUID(each["id"])) for each in listed if UUID(each["id"]) in talks]


async def read(client: Any, headers: dict[str, str], talk: UUID, seq: int) -> None:
    answer = await client.put(f"conversations/{talk}/read-position", json={"seq": seq}, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_p6_what_the_other_side_said_after_one_has_read_is_unread(chat_service: Any, chat_client: Any, as_: Any):
    """An empty talk is not, nor one's own words, nor what was read; for each side by itself."""
    olena, anna = as_(OLENA), as_(ANNA)
    talks = [await conversation(chat_service, after=number) for number in range(4)]
    _, own, half, whole = talks
    await say(chat_client, anna, own, "Are you there?")
    for talk in (half, whole):
        for words in ("Good evening", "I cannot sleep"):
            await say(chat_client, olena, talk, words)
    await read(chat_client, anna, half, 1)
    await read(chat_client, anna, whole, 2)
    assert await unread(chat_client, anna, talks) == [2]
    assert await unread(chat_client, olena, talks) == [1]
    await read(chat_client, anna, half, 2)
    assert await unread(chat_client, anna, talks) == []
    await say(chat_client, olena, whole, "Still awake")
    assert await unread(chat_client, anna, talks) == [3]


async def test_what_was_said_to_a_former_counterpart_is_not_unread_by_the_next(
    chat_service: Any, chat_client: Any, as_: Any
):
    """They cannot read it; the client of a lost one does not wait for an answer of theirs."""
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "Between us")
    await hear(chat_service, released(talk))
    assert await unread(chat_client, as_(ANNA), [talk]) == []
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    assert await unread(chat_client, as_(BORIS), [talk]) == []
    await say(chat_client, as_(OLENA), talk, "And now you")
    assert await unread(chat_client, as_(BORIS), [talk]) == [0]


async def test_unread_ones_are_turned_page_by_page(chat_service: Any, chat_client: Any, as_: Any):
    talks = [await conversation(chat_service, after=number) for number in range(5)]
    for talk in talks[::2]:
        await say(chat_client, as_(OLENA), talk, "Good evening")
    pages, query = list[list[int]](), {"unread": "true", "limit": "2"}
    while query.get("cursor", "") is not None:
        page = (await chat_client.get("conversations", headers=as_(ANNA), params=query)).json()
        pages.append([talks.index(UUID(each["id"])) for each in page["items"]])
        query["cursor"] = page["next"]
    assert pages == [[4, 2], [0]]
