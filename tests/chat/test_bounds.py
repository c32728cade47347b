"""How far one has read, how fast one may write, what is no message, what two programs alone know, what starts need."""

from asyncio import gather
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.errors import StartRefused
from libs.kit.pace import Pace
from services.chat.domain import TooManyMessages
from services.chat.schemas import text_of
from tests.chat.scenes import NOW, conversation, heard, say
from tests.chat.sockets import Line
from tests.people import ANNA, OLENA

SOME = text_of(b"s" * 32)
ONE = b'{"client_message_id": "01900000-0000-7000-8000-00000000aaaa", '


@pytest_asyncio.fixture
async def line(chat_service: Any, chat_client: Any, as_: Any, serve: Any) -> Line:
    return Line(await serve(chat_service.app), chat_client, as_)


async def read(client: Any, headers: dict[str, str], talk: UUID, seq: int) -> Any:
    return await client.put(f"conversations/{talk}/read-position", json={"seq": seq}, headers=headers)


async def test_d9_a_read_position_never_goes_back_nor_beyond_what_there_is(
    chat_service: Any, chat_client: Any, as_: Any
):
    """However many devices tell theirs, in whatever order; both sides see it."""
    talk = await conversation(chat_service)
    for number in range(5):
        await say(chat_client, as_(ANNA), talk, f"{number}")
    await gather(*(read(chat_client, as_(OLENA), talk, seq) for seq in (2, 4, 1, 3)))
    assert (await read(chat_client, as_(OLENA), talk, 2)).json() == {"seq": 4}
    for who in (OLENA, ANNA):
        shown = (await chat_client.get(f"conversations/{talk}", headers=as_(who))).json()["readers"]
        assert [each["read_seq"] for each in shown] == [4, 0]
    assert (await read(chat_client, as_(OLENA), talk, 2**31 - 1)).json() == {"seq": 5}
    assert (await read(chat_client, as_(OLENA), talk, 0)).status_code == 422


async def test_d9_it_is_known_when_somebody_came_as_far_as_they_did(chat_service: Any, chat_client: Any, as_: Any):
    """Reading again what was read makes it no later."""
    talk = await conversation(chat_service)
    for number in range(2):
        await say(chat_client, as_(ANNA), talk, f"{number}")
    came = []
    for minute, seq in enumerate((1, 1, 2, 1, 2), start=1):
        with clock.at(NOW + timedelta(minutes=minute)):
            assert (await read(chat_client, as_(OLENA), talk, seq)).status_code == 200
            shown = (await chat_client.get(f"conversations/{talk}", headers=as_(OLENA))).json()["readers"]
        came.append(datetime.fromisoformat(shown[0]["read_at"]) - NOW)
    assert came == [timedelta(minutes=minute) for minute in (1, 1, 3, 3, 3)]


@pytest.fixture
def slow(chat_service: Any) -> Iterator[None]:
    """Two messages in ten seconds and no more."""
    usual = chat_service.resources
    chat_service.resources = replace(usual, pace=Pace(2, seconds=10, refusal=TooManyMessages))
    yield
    chat_service.resources = usual


@pytest.mark.usefixtures("slow")
async def test_who_writes_faster_than_anybody_reads_is_asked_to_wait_and_nobody_else_is(
    line: Line, chat_service: Any, as_: Any
):
    """By whichever way; what was refused is not sent."""
    talk = await conversation(chat_service)
    answers = [await say(line.http, as_(ANNA), talk, f"{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
    async with line.open(ANNA, talk) as desk:
        await desk.say("once more")
        assert (await desk.next("refused"))["problem"]["code"] == "too_many_messages"
    assert (await say(line.http, as_(OLENA), talk, "I have time")).status_code == 201
    assert len((await heard(line.http, as_(OLENA), talk))["items"]) == 3


async def test_what_only_two_programs_understand_arrives_byte_by_byte(chat_service: Any, chat_client: Any, as_: Any):
    """With its sender's own commitment, and without a salt that would be ours to know."""
    talk, sealed = await conversation(chat_service), bytes(range(256))
    message = {"client_message_id": str(uuid7()), "form": "opaque", "body": text_of(sealed), "commitment": SOME}
    sent = await chat_client.post(f"conversations/{talk}/messages", json=message, headers=as_(ANNA))
    assert sent.status_code == 201, sent.text
    (item,) = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert (item["form"], item["body"], item["commitment"]) == ("opaque", text_of(sealed), SOME)
    assert (item["salt"], item["unverifiable"]) == (None, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": "opaque", "body": SOME}, {"form": "opaque", "body": SOME, "commitment": "A" * 44},
        {"form": "opaque", "body": "no base64url!", "commitment": SOME}, {"body": "words", "commitment": SOME},
        {"form": "opaque", "body": text_of(b"x" * (16 * 1024 + 1)), "commitment": SOME},
        {"form": "card", "body": "{}"},
    ],
    ids=["no commitment", "long commitment", "no base64", "commitment to a text", "too large", "a card of their own"],
)  # fmt: skip
async def test_what_nobody_could_be_held_to_is_refused(
    chat_service: Any, chat_client: Any, as_: Any, wrong: dict[str, str]
):
    talk = await conversation(chat_service)
    message = {"client_message_id": str(uuid7())} | wrong
    assert (
        await chat_client.post(f"conversations/{talk}/messages", json=message, headers=as_(ANNA))
    ).status_code == 422
    assert (await heard(chat_client, as_(OLENA), talk))["items"] == []


async def test_whoever_is_told_of_the_end_finds_it_ended(line: Line, chat_service: Any, as_: Any):
    """It is told after the commit, and not before."""
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk:
        await line.http.put(f"conversations/{talk}/ending", headers=as_(OLENA))
        await desk.next("ended")
        assert (await say(line.http, as_(ANNA), talk, "One more thing")).status_code == 409


@pytest.mark.parametrize(
    ("given", "missing"), [({}, "CHAT_KEY_SECRETS"), ({"CHAT_KEY_SECRETS": "s" * 32}, "CHAT_OBJECTS_URL")]
)
async def test_in_production_chat_does_not_start_without_its_secrets_and_its_store(
    chat_running: Any, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
):
    """A secret or a folder of one machine's own would lose conversations on all the others."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    platform = chat_running.platform.model_copy(update={"env": "production"})
    around = replace(chat_running.around, platform=platform)
    with pytest.raises(StartRefused, match=missing):
        async with chat_running.service.open(around, str(chat_running.database.url), chat_running.keys_url):
            pass


@pytest.mark.parametrize(
    "body",
    ["", "   ", "\n\t", "\u200b\u2060", "a\x00b", "x" * 4001, None, 7, True, ["hello"], {"text": "hello"}],
    ids=["empty", "spaces", "lines", "invisible", "null", "long", "none", "number", "truth", "list", "object"],
)
async def test_what_is_no_message_is_refused(chat_service: Any, chat_client: Any, as_: Any, body: Any):
    talk = await conversation(chat_service)
    answer = await say(chat_client, as_(ANNA), talk, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await heard(chat_client, as_(ANNA), talk))["items"] == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (ONE + b'"body": "hello", "privacy_mode": "observed"}', 422),
        (ONE + b'"body": "hello", "seq": 99}', 422),
        (ONE + b'"body": "hello", "sender_id": "01900000-0000-7000-8000-000000000011"}', 422),
        (ONE + b'"body": "\\ud800"}', 422),
        (ONE + b'"body": "hel', 400),
        (b"\xff\xfe", 400),
        (b"[]", 422),
        (b"null", 422),
        (b"", 422),
        (b'{"body": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
    ids=["mode", "seq", "sender", "surrogate", "cut", "bytes", "list", "null", "nothing", "megabyte"],
)
async def test_hostile_bodies_are_refused_in_plain_words(
    chat_service: Any, chat_client: Any, as_: Any, content: bytes, status: int
):
    talk = await conversation(chat_service)
    headers = as_(ANNA) | {"Content-Type": "application/json"}
    answer = await chat_client.post(f"conversations/{talk}/messages", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await heard(chat_client, as_(ANNA), talk))["items"] == []


@pytest.mark.parametrize(
    "body", ["🌿" * 4000, "я" * 4000, " leading and trailing ", "\u202eright to left", "{{}} <b>'"]
)
async def test_whatever_can_be_read_arrives_as_it_was_written(chat_service: Any, chat_client: Any, as_: Any, body: str):
    talk = await conversation(chat_service)
    assert (await say(chat_client, as_(ANNA), talk, body)).status_code == 201
    assert (await heard(chat_client, as_(OLENA), talk))["items"][0]["body"] == body


@pytest.mark.parametrize(
    "query", ["after_seq=-1", "after_seq=x", "after_seq=99999999999", "limit=0", "limit=101", "limit=1.5"]
)
async def test_pages_that_cannot_be_are_refused(chat_service: Any, chat_client: Any, as_: Any, query: str):
    talk = await conversation(chat_service)
    answer = await chat_client.get(f"conversations/{talk}/messages?{query}", headers=as_(ANNA))
    assert answer.status_code == 422


@pytest.mark.parametrize("name", ["not-an-id", "01900000", "%00", "x" * 200])
async def test_names_that_cannot_be_are_refused(chat_client: Any, as_: Any, name: str):
    answer = await chat_client.get(f"conversations/{name}", headers=as_(ANNA))
    assert answer.status_code in {400, 404, 422}
