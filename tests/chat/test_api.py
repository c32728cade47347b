"""Two people talk, and nobody else finds anything."""

from asyncio import gather
from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events import encode
from libs.events.chat import MessageSent
from services.chat import commands, queries
from services.chat.domain import ConversationUnknown, Draft, Participant
from services.chat.tables import ConversationRow, MessageRow
from tests.canary import tables_with
from tests.chat.scenes import accepted, conversation, hear, heard, say
from tests.people import (
    ANNA,
    BORIS,
    MARTA,
    OLENA,
    OMAR,
    SOFIA,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    Principal,
)

CANARY = "canary-Щеглик-7731"
STAFF = ["support", "supervisor", "clinician", "analyst", "ops", "partner", "admin"]


def in_role(person: Principal, role: str) -> Principal:
    return replace(person, role=role, roles=frozenset({role}))


STRANGERS = {
    "another specialist": BORIS, "another client": TARAS, "support": MARTA, "supervisor": SOFIA, "ops": OMAR,
    "a client elsewhere": STRANGE_CLIENT, "a specialist elsewhere": STRANGE_SPECIALIST,
    "support elsewhere": STRANGE_SUPPORT,
    "the client in a specialist's role": in_role(OLENA, "specialist"),
    "the specialist in a client's role": in_role(ANNA, "client"),
    "a clinic with the client's id": in_role(OLENA, "clinic"),
    "a clinic with the specialist's id": in_role(ANNA, "clinic"),
    "the client's id in another tenant": replace(OLENA, tenant="clinics"),
} | {f"{role} with the client's own id": in_role(OLENA, role) for role in STAFF} | {
    f"{role} with the specialist's own id": in_role(ANNA, role) for role in STAFF
}  # fmt: skip


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
async def test_r14_nobody_but_the_two_sides_finds_a_conversation(
    chat_service: Any, chat_client: Any, as_: Any, stranger: Principal
):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, CANARY)
    mine = as_(stranger)
    answers = [
        await chat_client.get(f"conversations/{talk}", headers=mine),
        await chat_client.get(f"conversations/{talk}/messages", headers=mine),
        await say(chat_client, mine, talk, "let me in"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert {answer.json()["code"] for answer in answers} == {"conversation_unknown"}
    assert not any(CANARY in answer.text for answer in answers)
    assert (await heard(chat_client, as_(OLENA), talk))["items"][-1]["body"] == CANARY


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
async def test_r14_nobody_lists_a_conversation_of_others(
    chat_service: Any, chat_client: Any, as_: Any, stranger: Principal
):
    await conversation(chat_service)
    answer = await chat_client.get("conversations", headers=as_(stranger))
    assert answer.status_code in {200, 404}
    assert answer.json().get("items", []) == []


async def test_what_does_not_exist_answers_as_what_is_not_yours(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    theirs = await chat_client.get(f"conversations/{talk}", headers=as_(BORIS))
    nowhere = await chat_client.get(f"conversations/{uuid7()}", headers=as_(BORIS))
    unlike = {"instance", "trace_id"}
    assert theirs.status_code == nowhere.status_code == 404
    assert {k: v for k, v in theirs.json().items() if k not in unlike} == {
        k: v for k, v in nowhere.json().items() if k not in unlike
    }


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/{}"), ("GET", "/{}/messages"), ("POST", "/{}/messages")]
)
async def test_nobody_comes_in_without_a_token(chat_service: Any, chat_client: Any, method: str, path: str):
    talk = await conversation(chat_service)
    answer = await chat_client.request(method, f"conversations{path.format(talk)}", json={"body": "hello"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_second_wall_hides_conversations_from_another_tenant(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, CANARY)
    for tenant in ("clinics", ""):
        async with chat_service.database.session(tenant) as tx:
            assert (await tx.scalars(select(ConversationRow))).all() == []
            assert (await tx.scalars(select(MessageRow))).all() == []


async def test_r14_the_first_wall_stands_without_the_second(chat_service: Any, chat_client: Any, as_: Any):
    """Where all tenants' rows can be seen, an id alone still opens nothing in another tenant."""
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, CANARY)
    elsewhere = Participant(tenant="clinics", id=OLENA.id, roles=OLENA.roles)
    async with chat_service.database.session("*") as tx:
        assert await queries.conversations(tx, elsewhere, after=None, limit=10) == []
        with pytest.raises(ConversationUnknown):
            await queries.conversation(tx, talk, elsewhere)
    draft = Draft(conversation_id=talk, client_message_id=uuid7(), form="text", body=b"let me in")
    async with chat_service.database.autocommit("*") as db:
        with pytest.raises(ConversationUnknown):
            await commands.send_message(db, chat_service.resources.vault, draft, sender=elsewhere)


async def test_d2_a_side_sees_how_private_the_conversation_is_and_who_can_read_it(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    for person, side in ((OLENA, "client"), (ANNA, "specialist")):
        answer = await chat_client.get(f"conversations/{talk}", headers=as_(person))
        assert answer.status_code == 200
        assert answer.json() == {
            "id": str(talk), "side": side, "purpose": "request", "review_id": None, "privacy_mode": "sealed",
            "who_may_read": "Only the two of you can read this. Nobody of the house can, whoever asks them to.",
            "opened_at": "2026-03-02T18:00:00Z",
            "readers": [
                {"side": "client", "id": str(OLENA.id), "read_seq": 0, "read_at": None},
                {"side": "specialist", "id": str(ANNA.id), "read_seq": 0, "read_at": None},
            ],
            "readable_after_seq": 0, "last_seq": 0, "ended_at": None, "ended_by": None, "helplines": [],
        }  # fmt: skip


async def test_d2_not_even_the_service_itself_can_unseal_a_conversation(chat_service: Any):
    talk = await conversation(chat_service)
    with pytest.raises(DBAPIError, match="requests_are_sealed"):
        async with chat_service.database.session(THERAPY) as tx:
            await tx.execute(update(ConversationRow).where(ConversationRow.id == talk).values(privacy_mode="observed"))


async def test_one_s_conversations_come_page_by_page_the_latest_first(chat_service: Any, chat_client: Any, as_: Any):
    talks = [await conversation(chat_service, after=number // 2) for number in range(7)]
    await conversation(chat_service, by=BORIS, client=TARAS)
    seen: list[str] = []
    query = {"limit": "3"}
    while True:
        page = (await chat_client.get("conversations", headers=as_(ANNA), params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(seen) == 7
    assert set(seen) == {str(talk) for talk in talks}
    assert seen[0] == str(talks[-1])


async def test_both_sides_read_the_same_in_the_order_in_which_it_was_said(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    script = [(OLENA, "Добрий вечір"), (ANNA, "Good evening"), (ANNA, "Как вас зовут?"), (OLENA, "Олена 🌿")]
    receipts = [(await say(chat_client, as_(who), talk, body)) for who, body in script]
    assert [receipt.status_code for receipt in receipts] == [201] * 4
    assert [receipt.json()["seq"] for receipt in receipts] == [1, 2, 3, 4]
    assert [receipt.json()["side"] for receipt in receipts] == ["client", "specialist", "specialist", "client"]
    theirs, ours = await heard(chat_client, as_(OLENA), talk), await heard(chat_client, as_(ANNA), talk)
    assert theirs == ours
    assert [(item["seq"], item["body"]) for item in ours["items"]] == list(enumerate((b for _, b in script), start=1))
    assert ours["next"] is None


async def test_messages_come_in_bounded_pages_that_join_without_gap(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    for number in range(7):
        await say(chat_client, as_(OLENA), talk, f"{number}")
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = await heard(chat_client, as_(ANNA), talk, after_seq=after, limit=3)
        assert len(page["items"]) <= 3
        seen += [item["seq"] for item in page["items"]]
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert (await heard(chat_client, as_(ANNA), talk, after_seq=7)) == {"items": [], "next": None}


async def test_simultaneous_messages_have_one_order_without_gaps(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    sent = await gather(*(say(chat_client, as_(who), talk, f"{n}") for n in range(10) for who in (OLENA, ANNA)))
    assert sorted(answer.json()["seq"] for answer in sent) == list(range(1, 21))
    items = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert [item["seq"] for item in items] == list(range(1, 21))
    assert {item["seq"] for item in items if item["side"] == "client"} == {
        answer.json()["seq"] for answer in sent if answer.json()["side"] == "client"
    }
    events = [e.data for e in await outbox(chat_service.database.engine) if isinstance(e.data, MessageSent)]
    assert [event.seq for event in events] == list(range(1, 21))


async def test_the_same_message_sent_again_is_sent_once_and_answered_the_same(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk, key = await conversation(chat_service), uuid7()
    first = await say(chat_client, as_(ANNA), talk, "Good evening", key=key)
    second = await say(chat_client, as_(ANNA), talk, "Good evening", key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await heard(chat_client, as_(ANNA), talk))["items"]) == 1


async def test_the_same_message_sent_at_once_is_sent_once(chat_service: Any, chat_client: Any, as_: Any):
    talk, key = await conversation(chat_service), uuid7()
    answers = await gather(*(say(chat_client, as_(ANNA), talk, "Good evening", key=key) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert [item["seq"] for item in (await heard(chat_client, as_(OLENA), talk))["items"]] == [1]
    events = [e.data for e in await outbox(chat_service.database.engine) if isinstance(e.data, MessageSent)]
    assert len(events) == 1


async def test_a_message_id_is_the_sender_s_own_and_is_required(chat_service: Any, chat_client: Any, as_: Any):
    talk, key = await conversation(chat_service), uuid7()
    assert (await say(chat_client, as_(ANNA), talk, "Good evening", key=key)).json()["seq"] == 1
    assert (await say(chat_client, as_(OLENA), talk, "mine", key=key)).json()["seq"] == 2
    bare = await chat_client.post(f"conversations/{talk}/messages", json={"body": "hello"}, headers=as_(ANNA))
    assert bare.status_code == 422
    assert bare.json()["errors"][0]["pointer"] == "#/body/client_message_id"


async def test_r14_the_words_are_in_no_table_no_line_and_no_event(
    chat_service: Any, chat_client: Any, as_: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    talk = await conversation(chat_service)
    with structlog.testing.capture_logs() as lines:
        for body in (CANARY, CANARY + "\x00", CANARY * 300):
            await say(chat_client, as_(OLENA), talk, body)
        await chat_client.get(f"conversations/{talk}/messages", headers=as_(MARTA))
    written = "".join(capfd.readouterr()) + caplog.text + repr(lines)
    assert CANARY not in written
    assert not any(CANARY.encode() in encode(event) for event in await outbox(chat_service.database.engine))
    assert await tables_with(chat_service, CANARY) == set()


async def test_a_size_bucket_is_all_that_events_tell_of_a_message(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "x" * 300)
    (event,) = [e.data for e in await outbox(chat_service.database.engine) if isinstance(e.data, MessageSent)]
    assert (event.conversation_id, event.seq, event.side, event.size) == (talk, 1, "client", "m")
    assert set(event.__struct_fields__) == {"tenant", "at", "conversation_id", "seq", "side", "size"}


async def test_a_conversation_asked_for_before_chat_has_heard_is_there_when_it_has(
    chat_service: Any, chat_client: Any, as_: Any
):
    event = accepted()
    early = await chat_client.get(f"conversations/{event.request_id}", headers=as_(ANNA))
    assert early.status_code == 404
    assert "opens within seconds" in early.json()["title"]
    await hear(chat_service, event)
    assert (await chat_client.get(f"conversations/{event.request_id}", headers=as_(ANNA))).status_code == 200
