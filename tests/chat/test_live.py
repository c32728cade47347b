"""What is said arrives as it is said, in order, once, and to nobody else."""

import asyncio
from asyncio import gather
from typing import Any

import pytest
import pytest_asyncio
from websockets.exceptions import ConnectionClosed, InvalidStatus

from libs.bus.ids import uuid7
from services.chat.api import hub as hubs
from services.chat.api import live as lives
from tests.chat.scenes import accepted, conversation, hear, heard, released, say
from tests.chat.sockets import Line, ticket, wired
from tests.people import ANNA, BORIS, MARTA, OLENA, TARAS


@pytest_asyncio.fixture
async def line(chat_service: Any, chat_client: Any, as_: Any, serve: Any) -> Line:
    return Line(await serve(chat_service.app), chat_client, as_)


async def test_what_one_side_sends_the_other_is_given_and_all_their_devices(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone, line.open(OLENA, talk) as laptop, line.open(ANNA, talk) as desk:
        key = await desk.say("Good evening")
        sent = await desk.next("sent")
        assert (sent["seq"], sent["client_message_id"], sent["side"]) == (1, key, "specialist")
        for device in (phone, laptop, desk):
            message = (await device.until(1)).frames[-1]["message"] if device is not desk else None
            assert message is None or message["body"] == "Good evening"
        await desk.until(1)


async def test_what_is_sent_over_http_is_given_live_and_the_other_way_round(line: Line, chat_service: Any, as_: Any):
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone:
        await say(line.http, as_(ANNA), talk, "over HTTP")
        await phone.until(1)
        await phone.say("live")
        await phone.until(2)
    assert [item["body"] for item in (await heard(line.http, as_(ANNA), talk))["items"]] == ["over HTTP", "live"]


async def test_a_resuming_device_gets_exactly_what_it_lacks(line: Line, chat_service: Any, as_: Any):
    talk = await conversation(chat_service)
    for number in range(5):
        await say(line.http, as_(ANNA), talk, f"{number}")
    async with line.open(OLENA, talk, after=2) as phone:
        assert phone.frames[0] == {
            "type": "welcome", "after_seq": 2, "online": [], "side": "client", "last_seq": 5, "ended": False,
        }  # fmt: skip
        await phone.until(5)
        await say(line.http, as_(ANNA), talk, "5")
        await phone.until(6)
        assert phone.seqs == [3, 4, 5, 6]


@pytest.mark.parametrize(("after", "lacks"), [(9, 0), (0, 3)], ids=["from the future", "too far back"])
async def test_who_cannot_resume_is_told_so_and_never_given_a_part(
    line: Line, chat_service: Any, as_: Any, monkeypatch: pytest.MonkeyPatch, *, after: int, lacks: int
):
    """They read what lies between by pages, and are given live what comes after."""
    monkeypatch.setattr(lives, "LONGEST_TAIL", 2)
    talk = await conversation(chat_service)
    for number in range(3):
        await say(line.http, as_(ANNA), talk, f"{number}")
    async with line.open(OLENA, talk, after=after) as phone:
        assert (phone.frames[0]["type"], phone.frames[0]["last_seq"]) == ("resync", 3)
        page = await heard(line.http, as_(OLENA), talk, after_seq=phone.frames[0]["after_seq"])
        assert len(page["items"]) == lacks
        await say(line.http, as_(ANNA), talk, "3")
        await phone.until(4)
        assert phone.seqs == [4]


async def test_a_device_far_behind_is_served_from_the_database(
    line: Line, chat_service: Any, as_: Any, monkeypatch: pytest.MonkeyPatch
):
    """What an instance has at hand is bounded; the order and the number of messages are not its matter."""
    monkeypatch.setattr(hubs, "RECENT", 8)
    monkeypatch.setattr(hubs, "AT_ONCE", 5)
    talk = await conversation(chat_service)
    for number in range(33):
        await say(line.http, as_(ANNA), talk, f"{number}")
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk, after=30) as desk:
        await phone.until(33)
        await desk.until(33)
        assert (phone.seqs, desk.seqs) == (list(range(1, 34)), [31, 32, 33])


async def test_many_who_speak_at_once_are_heard_by_all_in_one_order(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk, line.open(ANNA, talk) as tablet:
        devices = (phone, desk, tablet)
        await gather(*(device.say(f"{number}") for number in range(15) for device in devices))
        for device in devices:
            await device.until(45)
        assert phone.seqs == desk.seqs == tablet.seqs == list(range(1, 46))


async def test_the_same_message_sent_again_after_a_break_is_one_message(line: Line, chat_service: Any):
    talk, key = await conversation(chat_service), uuid7()
    async with line.open(ANNA, talk) as desk:
        await desk.say("Good evening", key=key)
        first = await desk.next("sent")
    async with line.open(ANNA, talk) as desk:
        await desk.say("Good evening", key=key)
        assert await desk.next("sent") == first
        await desk.say("And again")
        await desk.until(2)
        assert desk.seqs == [1, 2]


async def test_a_second_instance_hears_of_what_the_first_one_took(
    line: Line, chat_service: Any, as_: Any, serve: Any, surroundings: Any
):
    """And of who types and reads, and who is there."""
    talk = await conversation(chat_service)
    url = str(chat_service.database.url)
    async with chat_service.service.open(surroundings, url, chat_service.keys_url) as second:
        other = Line(await serve(second.app), line.http, as_)
        async with line.open(OLENA, talk) as phone, other.open(ANNA, talk) as desk:
            assert (await phone.next("presence"))["side"] == "specialist"
            await phone.say("Is anybody there?")
            await desk.until(1)
            await desk.tell(type="typing")
            assert await phone.next("typing") == {"type": "typing", "side": "specialist"}
            await desk.tell(type="read", seq=1)
            assert await phone.next("read") == {"type": "read", "side": "specialist", "seq": 1}
            await desk.say("Yes")
            await phone.until(2)
            await desk.until(2)
        assert phone.seqs == desk.seqs == [1, 2]


async def test_what_no_instance_tells_is_found_by_looking(
    line: Line, chat_service: Any, as_: Any, monkeypatch: pytest.MonkeyPatch
):
    """An instance that ends between its commit and its hint loses nothing."""
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone:
        monkeypatch.setattr(chat_service.resources.hub, "delivered", lambda _: None)
        await say(line.http, as_(ANNA), talk, "Good evening")
        await phone.until(1)


async def test_r14_who_loses_the_seat_is_out_and_given_nothing_more(line: Line, chat_service: Any, as_: Any):
    """Within two looks, of which there is one a second."""
    assert hubs.LOOK_EVERY <= 1
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk, line.open(OLENA, talk) as phone:
        await hear(chat_service, released(talk))
        await phone.say("Not for Anna any more")
        await phone.until(1)
        assert await desk.over() == (4404, "not_yours")
        assert desk.seqs == []
        assert not [frame for frame in desk.frames if frame["type"] == "message"]
    refused = await line.http.post(f"conversations/{talk}/live-tickets", headers=as_(ANNA))
    assert refused.status_code == 404


async def test_who_takes_the_seat_over_is_given_what_was_said_since_nobody_had_it(line: Line, chat_service: Any):
    """And nothing from before."""
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone:
        await phone.say("only for Anna")
        await phone.until(1)
        await hear(chat_service, released(talk))
        await phone.say("for whoever comes")
        await phone.until(2)
        await hear(chat_service, accepted(talk, by=BORIS, after=60))
        async with line.open(BORIS, talk) as desk:
            await desk.until(2)
            assert desk.seqs == [2]


async def test_a_ticket_is_good_once_and_for_its_own_conversation_only(line: Line, chat_service: Any, as_: Any):
    talk, other = await conversation(chat_service), await conversation(chat_service)
    used = await ticket(line.http, as_(OLENA), talk)
    async with wired(line.url, talk) as device:
        await device.tell(type="hello", ticket=used)
        await device.next("welcome")
    for where, token in (
        (talk, used), (talk, "made-up"), (other, await ticket(line.http, as_(OLENA), talk)),
    ):  # fmt: skip
        async with wired(line.url, where) as device:
            await device.tell(type="hello", ticket=token)
            assert await device.over() == (4401, "ticket_refused")


async def test_a_ticket_bought_before_the_seat_was_lost_opens_nothing_after(line: Line, chat_service: Any, as_: Any):
    talk = await conversation(chat_service)
    bought = await ticket(line.http, as_(ANNA), talk)
    await hear(chat_service, released(talk))
    async with wired(line.url, talk) as device:
        await device.tell(type="hello", ticket=bought)
        assert await device.over() == (4404, "not_yours")


@pytest.mark.parametrize("who", [BORIS, TARAS, MARTA], ids=["specialist", "client", "support"])
async def test_r14_strangers_get_no_ticket(line: Line, chat_service: Any, as_: Any, who: Any):
    talk = await conversation(chat_service)
    answer = await line.http.post(f"conversations/{talk}/live-tickets", headers=as_(who))
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")


async def test_a_page_of_another_site_gets_no_connection(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    with pytest.raises(InvalidStatus) as refused:
        async with wired(line.url, talk, origin="https://evil.example"):
            raise AssertionError("it was let in")
    assert refused.value.response.status_code == 403
    async with wired(line.url, talk, origin="http://dovira.test"):
        pass


@pytest.mark.parametrize(
    "first",
    ["", "{", "[]", "null", b"\xff", '{"type": "send"}', '{"type": "hello"}', '{"type": "hello", "ticket": 7}',
     '{"type": "hello", "ticket": "x", "after_seq": -1}', '{"type": "hello", "ticket": "x", "role": "client"}'],
)  # fmt: skip
async def test_a_first_frame_that_is_no_hello_ends_it(line: Line, chat_service: Any, first: str | bytes):
    talk = await conversation(chat_service)
    async with wired(line.url, talk) as device:
        await device.raw(first)
        assert await device.over() == (4400, "malformed")


async def test_who_says_nothing_is_not_waited_for(line: Line, chat_service: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lives, "HELLO_WITHIN", 0.1)
    async with wired(line.url, await conversation(chat_service)) as device:
        assert await device.over() == (4400, "malformed")


@pytest.mark.parametrize(
    "frame",
    ["{", "[]", '{"type": "shout"}', '{"type": "send", "body": "hello"}', '{"type": "read", "seq": 0}', b"\xff",
     '{"type": "send", "client_message_id": "01900000-0000-7000-8000-00000000aaaa", "body": "  "}',
     '{"type": "send", "client_message_id": "01900000-0000-7000-8000-00000000aaaa", "body": "a\\u0000b"}'],
)  # fmt: skip
async def test_a_frame_that_cannot_be_meant_is_refused_in_plain_words_and_the_line_stays(
    line: Line, chat_service: Any, frame: str | bytes
):
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk:
        await desk.raw(frame)
        refused = await desk.next("refused")
        assert refused["problem"]["status"] in {400, 422}
        await desk.say("Good evening")
        assert (await desk.next("sent"))["seq"] == 1


async def test_who_talks_too_fast_is_slowed_and_who_floods_is_out(
    line: Line, chat_service: Any, monkeypatch: pytest.MonkeyPatch
):
    talk = await conversation(chat_service)
    monkeypatch.setattr(lives, "FRAMES_A_SECOND", 5)
    async with line.open(ANNA, talk) as desk:
        with pytest.raises(ConnectionClosed):
            for _ in range(1000):
                await desk.tell(type="typing")
                await asyncio.sleep(0)
        assert (await desk.over())[1] == "too_fast"


async def test_nobody_is_told_what_they_do_themselves(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    async with line.open(ANNA, talk) as desk, line.open(OLENA, talk) as phone:
        await desk.tell(type="typing")
        await phone.next("typing")
        await desk.say("Good evening")
        await desk.until(1)
        assert "typing" not in {frame["type"] for frame in desk.frames}


async def test_presence_says_who_came_and_who_left(line: Line, chat_service: Any):
    talk = await conversation(chat_service)
    async with line.open(OLENA, talk) as phone:
        async with line.open(ANNA, talk) as desk:
            assert desk.frames[0]["online"] == ["client"]
            assert await phone.next("presence") == {"type": "presence", "side": "specialist", "online": True}
        assert await phone.next("presence") == {"type": "presence", "side": "specialist", "online": False}
