"""How conversations come to be, whatever is said twice or late."""

from asyncio import gather
from typing import Any

from sqlalchemy import select

from libs.bus.testing import outbox
from libs.events.chat import ConversationOpened
from services.chat.tables import ConversationRow
from tests.chat.scenes import accepted, conversation, hear, heard, say
from tests.people import ANNA, BORIS, OLENA, THERAPY


async def rows(service: Any) -> list[ConversationRow]:
    async with service.database.session(THERAPY) as tx:
        return list(await tx.scalars(select(ConversationRow)))


async def said(service: Any) -> list[Any]:
    return [envelope.data for envelope in await outbox(service.database.engine)]


async def test_an_acceptance_opens_a_sealed_conversation_and_says_so(chat_service: Any):
    event = accepted()
    await hear(chat_service, event)
    (row,) = await rows(chat_service)
    assert (row.id, row.client_id, row.counterpart_id) == (event.request_id, OLENA.id, ANNA.id)
    assert (row.privacy_mode, row.last_seq, row.tenant) == ("sealed", 0, THERAPY)
    (opened,) = await said(chat_service)
    assert opened == ConversationOpened(
        tenant=THERAPY, at=event.at, conversation_id=event.request_id, client_id=OLENA.id, specialist_id=ANNA.id,
        privacy_mode="sealed",
    )  # fmt: skip


async def test_what_is_delivered_twice_opens_once(chat_service: Any):
    envelope = await hear(chat_service, accepted())
    await hear(chat_service, envelope)
    assert len(await rows(chat_service)) == 1
    assert len(await said(chat_service)) == 1


async def test_an_acceptance_told_twice_under_two_ids_opens_once(chat_service: Any):
    event = accepted()
    await hear(chat_service, event)
    await hear(chat_service, event)
    assert len(await said(chat_service)) == 1


async def test_the_same_told_by_several_at_once_opens_once(chat_service: Any):
    event = accepted()
    await gather(*(hear(chat_service, event) for _ in range(8)))
    assert len(await rows(chat_service)) == 1
    assert len(await said(chat_service)) == 1


async def test_a_repeated_acceptance_leaves_what_was_said(chat_service: Any, chat_client: Any, as_: Any):
    event = accepted()
    await hear(chat_service, event)
    await say(chat_client, as_(ANNA), event.request_id, "Good evening")
    await hear(chat_service, event)
    (row,) = await rows(chat_service)
    assert (row.last_seq, row.since_seq, row.first_reply_seq) == (1, 0, 1)


async def test_r14_who_accepts_later_takes_the_seat_of_who_accepted_before(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "only for Anna")
    await say(chat_client, as_(ANNA), talk, "I hear you")
    await hear(chat_service, accepted(talk, by=BORIS, after=60))

    assert (await say(chat_client, as_(ANNA), talk, "still here?")).status_code == 404
    assert (await chat_client.get(f"conversations/{talk}", headers=as_(ANNA))).status_code == 404
    assert (await chat_client.get(f"conversations/{talk}/messages", headers=as_(ANNA))).status_code == 404
    assert (await chat_client.get("conversations", headers=as_(ANNA))).json()["items"] == []

    assert (await heard(chat_client, as_(BORIS), talk))["items"] == []
    assert (await say(chat_client, as_(BORIS), talk, "I am Boris")).json()["seq"] == 3
    assert [item["body"] for item in (await heard(chat_client, as_(BORIS), talk))["items"]] == ["I am Boris"]
    assert [item["sender_id"] for item in (await heard(chat_client, as_(OLENA), talk))["items"]] == [
        str(OLENA.id), str(ANNA.id), str(BORIS.id),
    ]  # fmt: skip
    seen = (await chat_client.get(f"conversations/{talk}", headers=as_(BORIS))).json()
    assert seen["readable_after_seq"] == 2
    assert [(each["side"], each["id"]) for each in seen["readers"]] == [
        ("client", str(OLENA.id)), ("specialist", str(BORIS.id)),
    ]  # fmt: skip


async def test_r14_an_old_acceptance_that_comes_late_lets_nobody_back_in(chat_service: Any):
    talk = await conversation(chat_service, by=BORIS, after=60)
    await hear(chat_service, accepted(talk, by=ANNA))
    (row,) = await rows(chat_service)
    assert row.specialist_id == BORIS.id
    assert len(await said(chat_service)) == 1


async def test_b11_a_later_acceptance_owes_a_first_reply_of_its_own(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, "Good evening")
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    await say(chat_client, as_(BORIS), talk, "Good evening, I am Boris")
    replies = [event for event in await said(chat_service) if type(event).__name__ == "FirstReplySent"]
    assert [reply.specialist_id for reply in replies] == [ANNA.id, BORIS.id]


async def test_who_accepts_the_same_request_again_keeps_what_they_read(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "Good evening")
    await hear(chat_service, accepted(talk, by=ANNA, after=60))
    assert [item["seq"] for item in (await heard(chat_client, as_(ANNA), talk))["items"]] == [1]


async def test_who_comes_back_after_another_reads_nothing_of_the_other_s(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    await say(chat_client, as_(OLENA), talk, "only for Boris")
    await hear(chat_service, accepted(talk, by=ANNA, after=120))
    assert (await heard(chat_client, as_(ANNA), talk))["items"] == []
