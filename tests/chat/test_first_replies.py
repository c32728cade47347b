"""What keeps the promise to the client of a request: a person's first words in the site's chat (B11, D6)."""

from asyncio import gather
from typing import Any
from uuid import UUID

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import FirstReplySent
from services.chat.schemas import text_of
from tests.chat.scenes import accepted, conversation, hear, released, say
from tests.chat.test_contact_cards import allow, send
from tests.chat.test_reviews import Desk
from tests.people import ANNA, BORIS, HILL, OLENA


async def replies(service: Any) -> list[tuple[UUID, UUID]]:
    said = [envelope.data for envelope in await outbox(service.database.engine)]
    return [(each.conversation_id, each.specialist_id) for each in said if isinstance(each, FirstReplySent)]


async def test_b11_the_first_reply_is_told_exactly_once_however_many_race(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "Is anybody there?")
    await gather(*(say(chat_client, as_(ANNA), talk, f"{number}") for number in range(10)))
    assert await replies(chat_service) == [(talk, ANNA.id)]


async def test_b11_d6_whoever_takes_the_seat_later_owes_a_first_reply_of_their_own(
    chat_service: Any, chat_client: Any, as_: Any
):
    """And who gets it back has replied already."""
    talk = await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, "Good evening, I am Anna")
    for after, by in ((60, ANNA), (120, BORIS)):
        await hear(chat_service, released(talk, after=after - 30))
        await hear(chat_service, accepted(talk, by=by, after=after))
        for _ in range(2):
            await say(chat_client, as_(by), talk, "Good evening")
    assert await replies(chat_service) == [(talk, ANNA.id), (talk, BORIS.id)]


async def test_b11_what_the_client_writes_is_no_reply(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "Is anybody there?")
    assert await replies(chat_service) == []


async def test_b11_a_contact_card_is_no_reply_and_the_words_after_it_are(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    assert (await send(chat_client, as_, ANNA, talk)).json()["seq"] == 1
    assert await replies(chat_service) == []
    await say(chat_client, as_(ANNA), talk, "Good evening, I am Anna")
    await send(chat_client, as_, ANNA, talk)
    assert await replies(chat_service) == [(talk, ANNA.id)]


async def test_b11_a_template_that_a_person_chose_and_sent_is_a_reply(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    asked = {"purpose": "greeting", "locale": "en"}
    (greeting,) = (await chat_client.get("templates", params=asked, headers=as_(ANNA))).json()
    words = {"variables": {"name": "Anna", "role": "a psychologist"}}
    rendered = await chat_client.post(f"templates/{greeting['id']}/rendering", json=words, headers=as_(ANNA))
    assert await replies(chat_service) == [], "what is only shown to its writer is no reply"
    await say(chat_client, as_(ANNA), talk, rendered.json()["text"])
    assert await replies(chat_service) == [(talk, ANNA.id)]


async def test_b11_words_that_only_the_two_programs_understand_are_a_reply(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    sealed = {"client_message_id": str(uuid7()), "form": "opaque", "body": text_of(b"sealed"), "commitment": "A" * 43}
    await chat_client.post(f"conversations/{talk}/messages", json=sealed, headers=as_(ANNA))
    assert await replies(chat_service) == [(talk, ANNA.id)]


async def test_b11_a_greeting_about_a_review_keeps_no_promise_for_none_was_made(
    chat_service: Any, chat_client: Any, as_: Any
):
    """Neither one that the house words by itself (P5) nor the opener's own, whoever opens."""
    desk = Desk(chat_client, as_, chat_service)
    for opener, told in ((HILL, {}), (ANNA, {"greeting": "Good evening"})):
        talk = await desk.opened(opener, **told)
        await say(chat_client, as_(OLENA), talk, "Good evening")
        await say(chat_client, as_(opener), talk, "How can we put it right?")
    assert await replies(chat_service) == []
