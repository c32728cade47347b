"""A side shows what was said, word by word as it likes; others learn whether it is true, and nothing else."""

import json
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from httpx import AsyncClient, Response
from sqlalchemy import text

from libs.bus.ids import uuid7
from libs.kit.sql import EVERY_TENANT
from services.chat.domain.franking import words_of
from services.chat.schemas import text_of
from tests.chat.pictures import added, seen, send
from tests.chat.readings import planted
from tests.chat.scenes import accepted, conversation, hear, released, say
from tests.people import ANNA, BORIS, HILL, MARTA, OLENA, OMAR, SOFIA, STRANGE_CLIENT, STRANGE_SUPPORT, TARAS

SAID = "You can call me at 067 123 45 67 any time, dear."
PHONE = {5, 6, 7, 8}
CONTEXT = {"conversation_id", "seq", "side", "sender_id", "form", "at"}


class Window:
    """A way to take excerpts of a talk, and to have them verified."""

    def __init__(self, http: AsyncClient, as_: Any, talk: UUID) -> None:
        self._http, self._as, self.talk = http, as_, talk

    async def say(self, words: str = SAID, by: Any = ANNA) -> int:
        answer = await say(self._http, self._as(by), self.talk, words)
        assert answer.status_code == 201, answer.text
        seq: int = answer.json()["seq"]
        return seq

    async def ask(self, *messages: dict[str, Any], by: Any = OLENA) -> Response:
        body = {"messages": list(messages)}
        return await self._http.post(f"conversations/{self.talk}/excerpts", json=body, headers=self._as(by))

    async def take(self, seq: int, *hidden: int, by: Any = OLENA) -> dict[str, Any]:
        answer = await self.ask({"seq": seq, "hidden_words": hidden}, by=by)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["items"][0]
        return found

    async def verdict(self, *shown: Any, by: Any = MARTA) -> Any:
        answer = await self._http.post("excerpt-verifications", json={"items": list(shown)}, headers=self._as(by))
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def entries(self, by: Any = ANNA) -> list[tuple[str, int]]:
        answer = await self._http.get(f"conversations/{self.talk}/access-ledger", headers=self._as(by))
        return [(said["use"], said["first_seq"]) for said in answer.json()["entries"]]


@pytest_asyncio.fixture
async def window(chat_service: Any, chat_client: AsyncClient, as_: Any) -> Window:
    return Window(chat_client, as_, await conversation(chat_service))


async def test_d18_r15_what_leaves_is_what_was_chosen_and_it_is_genuine(window: Window) -> None:
    """The words that stay hidden are nowhere in it, in whatever form."""
    await window.say("Hello!", by=OLENA)
    seq = await window.say()
    shown = await window.take(seq, *PHONE)
    assert shown["words"] == [None if at in PHONE else word for at, word in enumerate(words_of(SAID))]
    assert set(shown) == {"context", "words", "attachments", "proofs", "stamp"}
    assert set(shown["context"]) == CONTEXT
    assert not [piece for piece in ("067", "123", "45 67") if piece in json.dumps(shown["words"])]
    (verdict,) = await window.verdict(shown)
    assert verdict == {
        "genuine": True, "conversation_id": str(window.talk), "side": "specialist", "seq": 2,
        "at": shown["context"]["at"],
    }  # fmt: skip


async def test_d18_each_message_that_is_opened_is_in_the_ledger(window: Window) -> None:
    one, two, _ = [await window.say(f"word {number}") for number in range(3)]
    answer = await window.ask({"seq": two}, {"seq": one, "hidden_words": [0]})
    assert [item["context"]["seq"] for item in answer.json()["items"]] == [one, two]
    assert sorted(await window.entries()) == [("excerpt", one), ("excerpt", two)]
    await window.verdict(*answer.json()["items"])
    assert len(await window.entries()) == 2


def flipped(stamp: str) -> str:
    return stamp[:20] + ("A" if stamp[20] != "A" else "B") + stamp[21:]


Change = Callable[[dict[str, Any]], object]
FORGERIES: dict[str, Change] = {
    "a word": lambda shown: shown["words"].__setitem__(0, "I "),
    "a hidden word made one": lambda shown: shown["words"].__setitem__(5, "069 "),
    "a word less": lambda shown: (shown["words"].pop(), shown["proofs"].pop()),
    "a word more": lambda shown: (shown["words"].append("never"), shown["proofs"].append(shown["proofs"][0])),
    "a picture": lambda shown: (shown["attachments"].append(None), shown["proofs"].append(shown["proofs"][0])),
    "a stamp": lambda shown: shown.update(stamp=flipped(shown["stamp"])),
    "a side": lambda shown: shown["context"].update(side="client"),
    "a sender": lambda shown: shown["context"].update(sender_id=str(OLENA.id)),
    "a place": lambda shown: shown["context"].update(seq=7),
    "a conversation": lambda shown: shown["context"].update(conversation_id=str(uuid7())),
    "a moment": lambda shown: shown["context"].update(at="2026-03-02T18:00:00Z"),
    "a moment before there were any": lambda shown: shown["context"].update(at="0001-01-01T00:00:00Z"),
    "a form": lambda shown: shown["context"].update(form="card"),
}


@pytest.mark.parametrize("how", FORGERIES)
async def test_d18_nothing_can_be_changed_in_an_excerpt_and_a_false_one_tells_nothing(window: Window, how: str) -> None:
    shown = await window.take(await window.say(), *PHONE)
    changed = deepcopy(shown)
    FORGERIES[how](changed)
    assert changed != shown
    false, true = await window.verdict(changed, shown)
    assert false == {"genuine": False, "conversation_id": None, "side": None, "at": None, "seq": None}
    assert true["genuine"]


@pytest.mark.parametrize("who", [MARTA, SOFIA, OLENA, ANNA, TARAS, BORIS, HILL], ids=lambda who: str(who.id)[-2:])
async def test_r16_whoever_is_shown_something_can_have_it_verified(window: Window, who: Any) -> None:
    """Also who cannot see the conversation: they learn what is in their hands already."""
    shown = await window.take(await window.say())
    assert [each["genuine"] for each in await window.verdict(shown, by=who)] == [True]


@pytest.mark.parametrize("who", [STRANGE_SUPPORT, STRANGE_CLIENT], ids=lambda who: who.role)
async def test_d18_another_house_learns_nothing(window: Window, who: Any) -> None:
    shown = await window.take(await window.say())
    assert [each["genuine"] for each in await window.verdict(shown, by=who)] == [False]


async def test_d18_what_was_said_can_be_proved_after_it_was_erased(window: Window, chat_service: Any) -> None:
    shown = await window.take(await window.say())
    await planted(chat_service, "DELETE FROM messages")
    await planted(chat_service, "UPDATE conversations SET erased_at = now()")
    await chat_service.resources.vault.keys.destroy(window.talk)
    assert [each["genuine"] for each in await window.verdict(shown)] == [True]


async def test_of_what_is_being_erased_nothing_is_shown_any_more(window: Window, chat_service: Any) -> None:
    seq = await window.say()
    await chat_service.resources.vault.keys.destroy(window.talk)
    answer = await window.ask({"seq": seq})
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")
    assert await window.entries() == []


async def test_d18_a_picture_is_proved_by_what_its_viewers_see(window: Window, chat_client: Any, as_: Any) -> None:
    pictures = [await added(chat_client, as_(ANNA), window.talk) for _ in range(2)]
    sent = await send(chat_client, as_(ANNA), window.talk, *pictures)
    answer = await window.ask({"seq": sent.json()["seq"], "hidden_words": [0], "hidden_attachments": [1]})
    (shown,) = answer.json()["items"]
    downloaded = (await seen(chat_client, as_(OLENA), pictures[0])).content
    assert (shown["words"], shown["attachments"]) == ([None], [text_of(sha256(downloaded).digest()), None])
    swapped = shown | {"attachments": shown["attachments"][::-1], "proofs": [shown["proofs"][at] for at in (0, 2, 1)]}
    assert [each["genuine"] for each in await window.verdict(shown, swapped)] == [True, False]


@pytest.mark.parametrize("who", [TARAS, BORIS, MARTA, SOFIA, OMAR, STRANGE_CLIENT], ids=lambda who: str(who.id)[-2:])
async def test_r14_nobody_but_the_sides_takes_excerpts(window: Window, who: Any) -> None:
    answer = await window.ask({"seq": await window.say()}, by=who)
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")
    assert await window.entries() == []


async def test_a_later_counterpart_shows_nothing_from_before_their_time(window: Window, chat_service: Any) -> None:
    seq = await window.say()
    await hear(chat_service, released(window.talk, of=ANNA, after=30))
    await hear(chat_service, accepted(window.talk, by=BORIS, after=60))
    answer = await window.ask({"seq": seq}, by=BORIS)
    assert (answer.status_code, answer.json()["code"]) == (404, "message_unknown")


async def test_what_only_its_programs_can_read_is_refused_with_a_reason(
    window: Window, chat_client: AsyncClient, as_: Any
) -> None:
    body = {
        "client_message_id": str(uuid7()), "form": "opaque", "body": "c2VhbGVk", "commitment": "A" * 43
    }  # fmt: skip
    sent = await chat_client.post(f"conversations/{window.talk}/messages", json=body, headers=as_(ANNA))
    assert sent.status_code == 201, sent.text
    answer = await window.ask({"seq": sent.json()["seq"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "message_opaque")
    assert "Only your own program can read this message" in answer.json()["title"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ([{"seq": 1, "hidden_words": [12]}], 422),
        ([{"seq": 1, "hidden_attachments": [0]}], 422),
        ([{"seq": 2}], 404),
        ([{"seq": 1}, {"seq": 1}], 422),
        ([], 422),
    ],
)
async def test_what_is_not_there_can_neither_be_shown_nor_hidden(
    window: Window, asked: list[dict[str, Any]], status: int
) -> None:
    await window.say()
    answer = await window.ask(*asked)
    assert answer.status_code == status, answer.text
    assert await window.entries() == []


async def test_more_than_the_house_allows_at_once_is_refused(window: Window, chat_service: Any) -> None:
    changes = json.dumps({"evidence": {"messages_of_excerpt": 1}})
    async with chat_service.database.session(EVERY_TENANT) as tx:
        rule = "INSERT INTO policies (tenant, version, changes, by, at) VALUES ('therapy', 1, :c, :by, now())"
        await tx.execute(text(rule), {"c": changes, "by": ANNA.id})
    one, two = await window.say(), await window.say()
    answer = await window.ask({"seq": one}, {"seq": two})
    assert (answer.status_code, answer.json()["code"]) == (422, "too_much_at_once")
