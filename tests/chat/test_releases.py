"""Who loses a request loses its conversation, at once and however often they are told; the client keeps theirs."""

from asyncio import gather
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from libs.bus.ids import uuid7
from libs.bus.testing import deliver, enveloped, outbox
from libs.events.chat import FirstReplySent
from libs.events.intake import Release, RequestAccepted
from services.chat.consumers import consumers
from services.chat.tables import ConversationRow
from tests.chat.scenes import accepted, conversation, hear, heard, released, say, withdrawn
from tests.people import ANNA, BORIS, OLENA, STRANGE_CLIENT, THERAPY, Principal


async def sees(client: Any, as_: Any, who: Principal, talk: UUID) -> bool:
    """Whether they can read, write or list the conversation; all of it or nothing."""
    listed = (await client.get("conversations", headers=as_(who))).json()["items"]
    answers = [
        (await client.get(f"conversations/{talk}", headers=as_(who))).status_code,
        (await client.get(f"conversations/{talk}/messages", headers=as_(who))).status_code,
        (await say(client, as_(who), talk, "Are you there?")).status_code,
        200 if str(talk) in {item["id"] for item in listed} else 404,
    ]
    assert answers in ([200, 200, 201, 200], [404] * 4)
    return answers == [200, 200, 201, 200]


async def readers(client: Any, as_: Any, talk: UUID) -> list[str]:
    """Who can read, as the client is told."""
    shown = (await client.get(f"conversations/{talk}", headers=as_(OLENA))).json()
    return [reader["id"] for reader in shown["readers"]]


@pytest.mark.parametrize("reason", get_args(Release))
async def test_r14_who_lost_the_request_finds_no_conversation_and_the_client_keeps_it(
    chat_service: Any, chat_client: Any, as_: Any, reason: Release
):
    talk, other = await conversation(chat_service), await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, "Good evening")
    assert await sees(chat_client, as_, ANNA, talk)
    await hear(chat_service, released(talk, reason=reason))
    assert not await sees(chat_client, as_, ANNA, talk)
    assert await sees(chat_client, as_, ANNA, other)
    assert await sees(chat_client, as_, OLENA, talk)
    assert await readers(chat_client, as_, talk) == [str(OLENA.id)]
    assert (await heard(chat_client, as_(OLENA), talk))["items"][0]["body"] == "Good evening"


async def test_r14_what_the_client_takes_back_is_no_longer_the_specialist_s(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    await hear(chat_service, withdrawn(talk, of=None))
    assert await sees(chat_client, as_, ANNA, talk), "it was taken back from nobody"
    await hear(chat_service, withdrawn(talk))
    assert not await sees(chat_client, as_, ANNA, talk)
    assert await sees(chat_client, as_, OLENA, talk)


async def test_r14_who_accepts_what_was_released_reads_nothing_of_what_came_before(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "only for Anna")
    await hear(chat_service, released(talk))
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    assert (await heard(chat_client, as_(BORIS), talk))["items"] == []
    assert await readers(chat_client, as_, talk) == [str(OLENA.id), str(BORIS.id)]
    await hear(chat_service, released(talk))
    assert await sees(chat_client, as_, BORIS, talk), "who was released was Anna"
    assert not await sees(chat_client, as_, ANNA, talk)


async def test_d6_who_gets_a_request_back_goes_on_where_they_were(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(ANNA), talk, "Good evening")
    await hear(chat_service, released(talk, after=35))
    await say(chat_client, as_(OLENA), talk, "Good evening, Anna")
    await hear(chat_service, accepted(talk, after=36))
    await say(chat_client, as_(ANNA), talk, "What shall I call you?")
    assert [item["seq"] for item in (await heard(chat_client, as_(ANNA), talk))["items"]] == [1, 2, 3]
    said = [it.data for it in await outbox(chat_service.database.engine)]
    assert sum(isinstance(it, FirstReplySent) for it in said) == 1, "a second message is no first reply"


async def test_d6_a_release_and_its_undoing_may_be_of_one_moment(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    lost = released(talk, after=35)
    for event in (lost, accepted(talk, after=35), lost):
        await hear(chat_service, event)
    assert await sees(chat_client, as_, ANNA, talk)


async def test_what_is_told_elsewhere_or_of_nothing_known_closes_nothing(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await hear(chat_service, released(talk, tenant=STRANGE_CLIENT.tenant))
    await hear(chat_service, released(talk, of=BORIS))
    await hear(chat_service, released(uuid7()))
    assert await sees(chat_client, as_, ANNA, talk)


async def test_a_message_that_races_with_the_release_is_sent_before_it_or_not_at_all(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    sending = gather(*(say(chat_client, as_(ANNA), talk, f"{n}") for n in range(8)))
    sent, _ = await gather(sending, hear(chat_service, released(talk)))
    assert {answer.status_code for answer in sent} <= {201, 404}
    kept = sum(answer.status_code == 201 for answer in sent)
    assert [item["seq"] for item in (await heard(chat_client, as_(OLENA), talk))["items"]] == list(range(1, kept + 1))
    assert (await say(chat_client, as_(ANNA), talk, "one more")).status_code == 404


TURNS: list[Any] = [accepted, released, accepted, released, accepted, withdrawn]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([ANNA, BORIS]), min_size=3, max_size=3), st.integers(1, 6), st.data())
async def test_whatever_is_told_again_changes_nothing(chat_service: Any, winners: Any, length: int, data: Any):
    """The order of a request's events is kept, but any stretch of them may come again, under old ids or new ones."""
    talk = uuid7()
    story = [
        enveloped(turn(talk, **{"by" if turn is accepted else "of": winners[n // 2]}, after=n * 10))
        for n, turn in enumerate(TURNS[:length])
    ]
    for envelope in story:
        await deliver(envelope, consumers, chat_service.database.sessions)
    before = await seat(chat_service, talk)
    again = story[data.draw(st.integers(0, length - 1)) :]
    for envelope in again:
        await deliver(data.draw(st.sampled_from([envelope, envelope.data])), consumers, chat_service.database.sessions)
    assert await seat(chat_service, talk) == before
    assert (before[1] is None) is isinstance(story[-1].data, RequestAccepted)
    assert before[0] == winners[(length - 1) // 2].id


async def seat(service: Any, talk: UUID) -> Any:
    """Who sits there, since when, and whether they still do."""
    async with service.database.session(THERAPY) as tx:
        row = (await tx.scalars(select(ConversationRow).where(ConversationRow.id == talk))).one()
    return row.counterpart_id, row.released_at, row.opened_at, row.since_seq
