"""Contact cards: made by us from a login, sent when the house allows it, and never a link that anybody wrote."""

import itertools
import json
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from libs.bus.ids import uuid7
from libs.bus.testing import deliver
from libs.events.intake import SessionHeld, SessionVoided
from libs.kit.service import Running
from services.chat.consumers import consumers
from services.chat.domain.cards import card
from services.chat.queries.consultations import session_was_held
from services.chat.tables import ConversationRow, SessionRow
from tests.canary import tables_with
from tests.chat.scenes import NOW, accepted, conversation, hear, heard, released, say
from tests.chat.sockets import Line
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR, STRANGE_SPECIALIST, TARAS, THERAPY, Principal

HOSTILE = [
    "evil.com", "https://t.me/anna_helps", "javascript:alert(1)", "login@evil.com", "../evil", "anna\u202ehelps",
    "логин", "login?x=1", "a" * 64, "{0.__class__}", "tel:+380441234567;phone-context=evil.com",
]  # fmt: skip
JSON = {"Content-Type": "application/json"}
NUMBER = "+380 44 123 45 67"


async def send(client: AsyncClient, as_: Any, by: Principal, talk: UUID, **said: Any) -> Response:
    body = {"client_message_id": str(uuid7()), "kind": "telegram", "login": "@anna_helps"} | said
    return await client.post(f"conversations/{talk}/contact-cards", content=json.dumps(body), headers=as_(by) | JSON)


async def allow(client: AsyncClient, as_: Any, off_platform: str) -> None:
    change = {"changes": {"contacts": {"off_platform": off_platform}}}
    answer = await client.post("policies", json=change, headers=as_(OMAR, key=str(uuid7())))
    assert answer.status_code == 201, answer.text


def held(talk: UUID, version: int = 1, *, voided: bool = False, by: Principal = ANNA, **of: Any) -> Any:
    kind = SessionVoided if voided else SessionHeld
    told: dict[str, Any] = {"session_id": UUID(int=7), "number": 1, "at": NOW + timedelta(hours=version)} | of
    return kind(tenant=THERAPY, request_id=talk, specialist_id=by.id, version=version, **told)


@pytest.mark.parametrize(
    ("kind", "links"),
    [
        ("telegram", ["https://t.me/anna_helps"]),
        ("whatsapp", ["https://wa.me/380441234567", "https://msng.link/wa/380441234567"]),
        ("viber", ["viber://chat?number=%2B380441234567", "https://msng.link/vi/380441234567"]),
        ("signal", ["https://signal.me/#p/+380441234567"]),
        ("phone", ["tel:+380441234567"]),
    ],
)
async def test_b13_the_other_side_gets_a_card_that_we_made(
    chat_service: Running, chat_client: AsyncClient, as_: Any, kind: Any, links: list[str]
) -> None:
    """What to show, and links to try in order; it takes its place among the messages."""
    login, shown = ("anna_helps", "@anna_helps") if kind == "telegram" else (NUMBER, "+380 44 123 4567")
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    sent = await send(chat_client, as_, ANNA, talk, kind=kind, login=login)
    assert (sent.status_code, sent.json()["seq"], sent.json()["side"]) == (201, 1, "specialist")
    [item] = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert (item["form"], item["body"], item["unverifiable"]) == ("card", None, False)
    assert item["card"] == {"kind": kind, "shown": shown, "links": links}
    spelt = json.dumps(item["card"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert card(kind, login).encoded() == spelt.encode(), "a reader can make the words of its proof"


async def test_b13_a_card_arrives_live(
    chat_service: Running, chat_client: AsyncClient, as_: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and not only when somebody looks."""
    monkeypatch.setattr(chat_service.resources.hub, "_look", AsyncMock())
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    line = Line(await serve(chat_service.app), chat_client, as_)
    async with line.open(OLENA, talk) as phone:
        await send(chat_client, as_, ANNA, talk)
        message = (await phone.next("message"))["message"]
    assert (message["form"], message["body"]) == ("card", None)
    assert message["card"] == {"kind": "telegram", "shown": "@anna_helps", "links": ["https://t.me/anna_helps"]}


async def test_d3_nobody_sends_cards_where_the_house_forbids_it(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """Not even after a session, and the refusal says so."""
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "forbid")
    await hear(chat_service, held(talk))
    for side in (ANNA, OLENA):
        answer = await send(chat_client, as_, side, talk)
        assert (answer.status_code, answer.json()["code"]) == (409, "contacts_forbidden")
    assert (await heard(chat_client, as_(OLENA), talk))["items"] == []


async def test_d3_by_default_cards_come_after_the_first_session(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """For both sides; a session that turns out not to have been held takes the right back."""
    talk = await conversation(chat_service)
    early = await send(chat_client, as_, ANNA, talk)
    assert (early.status_code, early.json()["code"]) == (409, "contacts_too_early")
    assert early.json()["allowed_from"] == "first_session"
    await hear(chat_service, held(talk))
    assert (await send(chat_client, as_, ANNA, talk)).status_code == 201
    assert (await send(chat_client, as_, OLENA, talk, login="olena_k")).status_code == 201
    await hear(chat_service, held(talk, 2, voided=True))
    assert (await send(chat_client, as_, OLENA, talk)).status_code == 409


async def test_d3_a_session_with_a_former_specialist_is_not_one_with_the_next(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    talk = await conversation(chat_service)
    await hear(chat_service, held(talk))
    await hear(chat_service, released(talk))
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    assert (await send(chat_client, as_, BORIS, talk)).status_code == 409
    assert (await send(chat_client, as_, OLENA, talk)).status_code == 409
    await hear(chat_service, held(talk, by=BORIS, session_id=uuid7()))
    assert (await send(chat_client, as_, BORIS, talk)).status_code == 201


async def test_d3_a_session_may_be_heard_of_before_its_conversation(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    talk = uuid7()
    await hear(chat_service, held(talk))
    await conversation(chat_service, request_id=talk)
    assert (await send(chat_client, as_, ANNA, talk)).status_code == 201


async def test_d3_a_session_that_is_told_again_elsewhere_counts_there(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """An engagement was merged into an earlier one: its sessions are that one's now (R3)."""
    earlier, later = await conversation(chat_service), await conversation(chat_service)
    await hear(chat_service, held(later))
    await hear(chat_service, held(earlier, 2))
    assert (await send(chat_client, as_, ANNA, earlier)).status_code == 201
    assert (await send(chat_client, as_, ANNA, later)).status_code == 409


STORY: list[tuple[int, bool]] = [(1, False), (2, True), (3, False), (4, True)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(STORY * 2), st.integers(1, 4))
async def test_d3_the_greatest_version_is_the_truth_in_whatever_order(
    chat_service: Running, story: list[tuple[int, bool]], length: int
) -> None:
    """Twice, and backwards, and with others in between."""
    talk = await conversation(chat_service)
    session = uuid7()
    told = [each for each in story if each[0] <= length]
    for version, voided in told:
        await deliver(held(talk, version, voided=voided, session_id=session), consumers, chat_service.database.sessions)
    async with chat_service.database.session(THERAPY) as tx:
        [row] = (await tx.scalars(select(SessionRow).where(SessionRow.session_id == session))).all()
        room = (await tx.scalars(select(ConversationRow).where(ConversationRow.id == talk))).one()
        assert (row.version, row.held) == (length, length % 2 == 1)
        assert await session_was_held(tx, room) is row.held


async def test_d3_every_order_of_two_sessions_ends_the_same(chat_service: Running) -> None:
    talk = await conversation(chat_service)
    one, two = uuid7(), uuid7()
    events = [held(talk, session_id=one), held(talk, 2, voided=True, session_id=one), held(talk, session_id=two)]
    for order in itertools.permutations(events):
        async with chat_service.database.session(THERAPY) as tx:
            await tx.execute(delete(SessionRow))
        for event in order:
            await hear(chat_service, event)
        async with chat_service.database.session(THERAPY) as tx:
            rows = (await tx.scalars(select(SessionRow).where(SessionRow.held))).all()
        assert [row.session_id for row in rows] == [two]


@pytest.mark.parametrize("kind", ["telegram", "whatsapp", "viber", "signal", "phone"])
@pytest.mark.parametrize("login", [*HOSTILE, "anna\x00helps", "+77777777777", "\ud800", ""])
async def test_b13_what_is_no_login_is_refused(
    chat_service: Running, chat_client: AsyncClient, as_: Any, kind: str, login: str
) -> None:
    """The refusal does not repeat it, and nothing is sent."""
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    answer = await send(chat_client, as_, ANNA, talk, kind=kind, login=login)
    assert answer.status_code == 422, answer.text
    assert not login or login not in answer.text
    assert (await heard(chat_client, as_(OLENA), talk))["items"] == []


async def test_b13_a_person_cannot_make_a_card_themselves(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """Neither as a message of that form nor with links of their own."""
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    made = {
        "client_message_id": str(uuid7()),
        "form": "card",
        "body": '{"kind":"telegram","links":["https://evil.com"]}',
    }
    assert (await chat_client.post(f"conversations/{talk}/messages", json=made, headers=as_(ANNA))).status_code == 422
    assert (await send(chat_client, as_, ANNA, talk, links=["https://evil.com"])).status_code == 422
    assert (await send(chat_client, as_, ANNA, talk, kind="icq", login="123")).status_code == 422
    await say(chat_client, as_(ANNA), talk, '{"kind":"telegram","links":["https://evil.com"]}')
    [item] = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert (item["form"], item["card"]) == ("text", None)


async def test_d3_a_card_that_was_taken_stays_taken(chat_service: Running, chat_client: AsyncClient, as_: Any) -> None:
    """Sent again with its id after the rule has changed, it is the same card and no new one."""
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    key = str(uuid7())
    first = await send(chat_client, as_, ANNA, talk, client_message_id=key)
    await allow(chat_client, as_, "forbid")
    again = await send(chat_client, as_, ANNA, talk, client_message_id=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await send(chat_client, as_, OLENA, talk, client_message_id=key)).status_code == 409, (
        "an id is its sender's"
    )
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 1


async def test_r14_strangers_and_lost_seats_send_no_cards(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    """They learn nothing of the conversation, not even what its house allows."""
    talk = await conversation(chat_service)
    for person in (BORIS, TARAS, MARTA, OMAR, STRANGE_SPECIALIST):
        assert (await send(chat_client, as_, person, talk)).json()["code"] == "conversation_unknown"
    await allow(chat_client, as_, "allow")
    await hear(chat_service, released(talk))
    assert (await send(chat_client, as_, ANNA, talk)).status_code == 404
    assert (await send(chat_client, as_, OLENA, talk)).status_code == 201


async def test_b13_a_card_is_sealed_like_every_message(
    chat_service: Running, chat_client: AsyncClient, as_: Any
) -> None:
    talk = await conversation(chat_service)
    await allow(chat_client, as_, "allow")
    await send(chat_client, as_, ANNA, talk, login="canary_shcheglik")
    assert await tables_with(chat_service, "canary_shcheglik") == set()
