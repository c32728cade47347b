"""Whoever may need more help than a talk is shown who else can help: in the conversation, and read by nobody (B17)."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from libs.bus.ids import uuid7
from libs.events.intake import ClientReferred, DangerSignalled, RequestReleased
from libs.kit.helplines import helplines_for
from tests.chat.scenes import NOW, accepted, conversation, hear, released
from tests.chat.sockets import Line
from tests.people import ANNA, OLENA, STRANGE_CLIENT, TARAS, THERAPY


def danger(talk: UUID, tenant: str = THERAPY, **known: Any) -> DangerSignalled:
    return DangerSignalled(tenant=tenant, at=NOW, request_id=talk, specialist_id=None, **known)


def handed_over(talk: UUID, **known: Any) -> RequestReleased:
    return RequestReleased(
        tenant=THERAPY, at=NOW, request_id=talk, specialist_id=ANNA.id, reason="handed_over", again=True, **known
    )


def referred(talk: UUID, to: Any, **known: Any) -> ClientReferred:
    return ClientReferred(tenant=THERAPY, at=NOW, request_id=talk, specialist_id=ANNA.id, to=to, **known)


async def shown(client: Any, headers: Any, talk: UUID) -> list[str]:
    answer = (await client.get(f"conversations/{talk}", headers=headers)).json()
    listed = (await client.get("conversations", headers=headers)).json()["items"]
    assert answer["helplines"] == next(each["helplines"] for each in listed if each["id"] == str(talk))
    return [line["name"] for line in answer["helplines"]]


def lines(country: str | None, locale: str | None) -> list[str]:
    return [line.name for line in helplines_for(country, locale)]


@pytest.mark.parametrize(
    "said", [danger, handed_over, lambda talk, **known: referred(talk, "crisis_team", **known)],
    ids=["danger", "a minor is handed over", "sent to a crisis team"],
)  # fmt: skip
@pytest.mark.parametrize(("country", "locale"), [("UA", "uk"), ("BG", "bg"), (None, "ru"), (None, None)])
async def test_b17_the_helplines_of_the_client_s_country_are_shown(  # noqa: PLR0917 - a row of the table is three
    chat_service: Any, chat_client: Any, as_: Any, said: Any, country: Any, locale: Any
):
    """To the client, whoever has the seat or had it; said twice, they are shown once."""
    talk, other = await conversation(chat_service), await conversation(chat_service)
    assert await shown(chat_client, as_(OLENA), talk) == []
    for _ in range(2):
        await hear(chat_service, said(talk, country=country, locale=locale))
    assert await shown(chat_client, as_(OLENA), talk) == lines(country, locale) != []
    assert await shown(chat_client, as_(OLENA), other) == []


async def test_b17_the_other_side_sees_nothing_of_it_nor_does_anybody_else(
    chat_service: Any, chat_client: Any, as_: Any
):
    """Who signals danger may fear just whom they are talking with."""
    talk = await conversation(chat_service)
    before = (await chat_client.get(f"conversations/{talk}", headers=as_(ANNA))).json()
    await hear(chat_service, danger(talk, country="UA", locale="uk"))
    assert await shown(chat_client, as_(OLENA), talk) == lines("UA", "uk")
    assert (await chat_client.get(f"conversations/{talk}", headers=as_(ANNA))).json() == before
    for stranger in (TARAS, STRANGE_CLIENT):
        assert (await chat_client.get(f"conversations/{talk}", headers=as_(stranger))).status_code == 404


@pytest.mark.parametrize("said", [released, lambda talk: referred(talk, "other_specialist")])
async def test_b17_what_is_no_danger_shows_none(chat_service: Any, chat_client: Any, as_: Any, said: Any):
    talk = await conversation(chat_service)
    await hear(chat_service, said(talk))
    assert await shown(chat_client, as_(OLENA), talk) == []


@pytest.mark.parametrize("order", list(permutations(["opened", "danger", "handed over"])))
async def test_b17_they_are_shown_in_whatever_order_it_was_heard(
    chat_service: Any, chat_client: Any, as_: Any, order: tuple[str, ...]
):
    """Danger is often signalled before anybody has taken the request."""
    talk = uuid7()
    events = {
        "opened": accepted(talk), "danger": danger(talk, country="UA", locale="uk"),
        "handed over": handed_over(talk, country="UA", locale="uk"),
    }  # fmt: skip
    for name in order:
        await hear(chat_service, events[name])
    assert await shown(chat_client, as_(OLENA), talk) == lines("UA", "uk")


async def test_b17_open_screens_are_told_once(chat_service: Any, chat_client: Any, as_: Any, serve: Any):
    talk = await conversation(chat_service)
    line = Line(await serve(chat_service.app), chat_client, as_)
    async with line.open(OLENA, talk) as phone, line.open(ANNA, talk) as desk:
        for _ in range(2):
            await hear(chat_service, danger(talk, country="UA", locale="uk"))
        assert await phone.next("helplines") == {"type": "helplines"}
        for device, other, told in ((phone, desk, 1), (desk, phone, 0)):
            await other.tell(type="typing")
            await device.next("typing")
            assert [frame["type"] for frame in device.frames].count("helplines") == told
    await hear(chat_service, danger(uuid7()))  # of a request that nobody has taken yet


async def test_b17_helplines_are_no_message_and_keep_no_promise(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await hear(chat_service, danger(talk))
    seen = (await chat_client.get(f"conversations/{talk}", headers=as_(OLENA))).json()
    assert (seen["last_seq"], len(seen["helplines"]) > 0) == (0, True)


async def test_b17_of_an_erased_conversation_nothing_is_left(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await hear(chat_service, danger(talk, country="UA"))
    assert (await chat_client.post(f"conversations/{talk}/erasure", headers=as_(OLENA))).status_code == 200
    async with chat_service.database.begin() as db:
        assert (await db.exec_driver_sql("SELECT count(*) FROM help_needs")).scalar_one() == 0
