"""Step 1 of a refusal: the client is told in the words of a farewell template, and chat says that they were (R11)."""

from typing import Any
from uuid import UUID

import pytest

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import FarewellSent
from services.chat.domain.templates import Template, fits, rendered
from services.chat.domain.texts import TEMPLATES
from tests.chat.scenes import NOW, conversation, heard
from tests.chat.sockets import Line
from tests.chat.test_templates import STRANGE_OPS
from tests.people import ANNA, OLENA, OMAR, Principal

FAREWELL = next(each for each in TEMPLATES if (each.purpose, each.locale) == ("farewell", "en"))
GREETING = next(each for each in TEMPLATES if (each.purpose, each.locale) == ("greeting", "en"))


async def send(client: Any, as_: Any, talk: UUID, body: str, *, of: Any, by: Principal = ANNA) -> Any:
    message = {"client_message_id": str(uuid7()), "body": body, "farewell": str(of)}
    return await client.post(f"conversations/{talk}/messages", json=message, headers=as_(by))


async def farewells(service: Any) -> list[FarewellSent]:
    return [it.data for it in await outbox(service.database.engine) if isinstance(it.data, FarewellSent)]


async def own(client: Any, as_: Any, text: str, by: Principal = OMAR) -> str:
    new = {"purpose": "farewell", "locale": "en", "text": text}
    answer = await client.post("templates", json=new, headers=as_(by, key=uuid7().hex))
    assert answer.status_code == 201, answer.text
    known: str = answer.json()["id"]
    return known


async def test_r11_a_farewell_from_the_specialist_is_told_with_ids_and_a_time_only(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    answer = await send(chat_client, as_, talk, FAREWELL.text, of=FAREWELL.id)
    assert answer.status_code == 201, answer.text
    (told,) = await farewells(chat_service)
    assert (told.conversation_id, told.specialist_id) == (talk, ANNA.id)
    assert FAREWELL.text.encode() not in str(told).encode()
    assert (await heard(chat_client, as_(OLENA), talk))["items"][0]["body"] == FAREWELL.text


async def test_r11_the_same_farewell_sent_again_is_told_once(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    message = {"client_message_id": str(uuid7()), "body": FAREWELL.text, "farewell": str(FAREWELL.id)}
    for _ in range(2):
        answer = await chat_client.post(f"conversations/{talk}/messages", json=message, headers=as_(ANNA))
        assert answer.json()["seq"] == 1
    assert len(await farewells(chat_service)) == 1


async def test_r11_a_house_s_own_farewell_counts_with_its_variables_filled_in(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    known = await own(chat_client, as_, "Farewell, {client}. (Yours, {name}.) Farewell, {client}!")
    said = await send(chat_client, as_, talk, "Farewell, Olena. (Yours, Anna.) Farewell, Olena!", of=known)
    assert said.status_code == 201, said.text
    assert len(await farewells(chat_service)) == 1


@pytest.mark.parametrize(
    "body",
    [f"{FAREWELL.text} You are hopeless.", FAREWELL.text[:-1], "Good evening", f"So.\n{FAREWELL.text}"],
    ids=["more", "less", "other", "before"],
)
async def test_r11_other_words_are_no_farewell_and_are_not_sent_as_one(
    chat_service: Any, chat_client: Any, as_: Any, body: str
):
    talk = await conversation(chat_service)
    answer = await send(chat_client, as_, talk, body, of=FAREWELL.id)
    assert (answer.status_code, answer.json()["code"]) == (422, "other_words")
    assert body not in answer.text
    assert (await heard(chat_client, as_(OLENA), talk))["items"] == []
    assert await farewells(chat_service) == []


async def test_r11_a_template_of_another_house_or_of_none_is_unknown(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    theirs = await own(chat_client, as_, "Farewell.", STRANGE_OPS)
    for template_id in (theirs, uuid7()):
        answer = await send(chat_client, as_, talk, "Farewell.", of=template_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "template_unknown")
    assert await farewells(chat_service) == []


async def test_r11_nothing_else_is_a_farewell(chat_service: Any, chat_client: Any, as_: Any):
    """Not another template, not the client's words, not the same words without saying what they are."""
    talk = await conversation(chat_service)
    words = rendered(GREETING, {"name": "Anna", "role": "a psychologist"}, house={})
    assert (await send(chat_client, as_, talk, words, of=GREETING.id)).status_code == 404
    assert (await send(chat_client, as_, talk, FAREWELL.text, of=FAREWELL.id, by=OLENA)).status_code == 201
    bare = {"client_message_id": str(uuid7()), "body": FAREWELL.text}
    assert (await chat_client.post(f"conversations/{talk}/messages", json=bare, headers=as_(ANNA))).status_code == 201
    assert await farewells(chat_service) == []


async def test_r11_a_farewell_is_sent_live_as_well(chat_service: Any, chat_client: Any, as_: Any, serve: Any):
    talk = await conversation(chat_service)
    async with Line(await serve(chat_service.app), chat_client, as_).open(ANNA, talk) as desk:
        frame = {"type": "send", "client_message_id": str(uuid7()), "farewell": str(FAREWELL.id)}
        await desk.tell(**frame, body="my own words")
        assert (await desk.next("refused"))["problem"]["code"] == "other_words"
        await desk.tell(**frame, body=FAREWELL.text)
        assert (await desk.next("sent"))["seq"] == 1
    assert len(await farewells(chat_service)) == 1


async def test_only_a_text_has_a_template(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    message = {
        "client_message_id": str(uuid7()), "form": "opaque", "body": "c2VhbGVk", "commitment": "A" * 43,
        "farewell": str(FAREWELL.id),
    }  # fmt: skip
    answer = await chat_client.post(f"conversations/{talk}/messages", json=message, headers=as_(ANNA))
    assert answer.status_code == 422


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda it: f"{it.purpose} {it.locale}")
def test_whatever_is_rendered_fits_its_template(template: Template):
    given = {name: f"<{name}> (.*)" for name in template.asked}
    said = rendered(template, given, house={"minutes": "20"})
    assert fits(template, said)
    assert not fits(template, f"{said}!")
    assert not fits(template, "")


def test_looking_for_a_template_s_words_takes_no_time_whatever_was_written():
    template = Template(
        id=uuid7(), purpose="farewell", locale="en", version=1, at=NOW, text="{client}{name} {client}{name}!" * 50
    )
    assert not fits(template, "a" * 4000)
