"""Forgotten means gone: rows, pictures, and the key that could read copies of either."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import func, select

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import ConversationErased
from libs.kit.keyring import KeyDestroyed
from libs.kit.provision import administrator
from libs.kit.sql import dsn_of
from services.chat import commands, jobs
from services.chat.commands.erasures import HELD
from services.chat.tables import AttachmentRow, ConversationRow, ErasureRow, MessageRow
from tests.canary import tables_with
from tests.chat.pictures import add, added, link, objects_of, seen, send
from tests.chat.scenes import accepted, conversation, hear, heard, say
from tests.chat.test_api import STRANGERS
from tests.people import ANNA, BORIS, OLENA, OMAR, TARAS, Principal

WORDS = "canary-Одуд-9042"


@pytest.fixture(autouse=True)
def no_objects(chat_service: Any) -> Iterator[None]:
    """Tests begin with an empty store."""
    yield
    for path in objects_of(chat_service):
        path.unlink()


async def talked(service: Any, client: Any, as_: Any, **changes: Any) -> UUID:
    """Words from both sides, a picture, a reading, a ticket."""
    talk = await conversation(service, **changes)
    await say(client, as_(OLENA), talk, WORDS)
    await say(client, as_(ANNA), talk, f"{WORDS}, I hear.")
    await send(client, as_(OLENA), talk, await added(client, as_(OLENA), talk))
    await client.put(f"conversations/{talk}/read-position", json={"seq": 2}, headers=as_(ANNA))
    await client.post(f"conversations/{talk}/live-tickets", headers=as_(ANNA))
    return talk


async def erase(client: Any, headers: dict[str, str], talk: UUID) -> Any:
    return await client.post(f"conversations/{talk}/erasure", headers=headers)


async def held(service: Any, talk: UUID) -> dict[str, int]:
    """How many rows of each table belong to a conversation."""
    async with service.database.session("*") as tx:
        counts = {
            table.__tablename__: await tx.scalar(
                select(func.count()).select_from(table).where(table.conversation_id == talk)
            )
            for table in (*HELD, AttachmentRow)
        }
    return {name: count for name, count in counts.items() if count}


async def erasures_told(service: Any) -> list[UUID]:
    said = [envelope.data for envelope in await outbox(service.database.engine)]
    return [event.conversation_id for event in said if isinstance(event, ConversationErased)]


async def in_files(postgres: str, *needles: bytes) -> list[bool]:
    """Whether bytes are in any file of the cluster's tables, once everything is written down."""
    admin = await administrator(postgres)
    try:
        await admin.execute("CHECKPOINT")
        folder = Path(await admin.fetchval("SHOW data_directory")) / "base"
    finally:
        await admin.close()
    return scanned(folder, needles)


def scanned(folder: Path, needles: tuple[bytes, ...]) -> list[bool]:
    found = [False] * len(needles)
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found = [was or needle in content for was, needle in zip(found, needles, strict=True)]
    return found


async def wrapped_key(service: Any, talk: UUID) -> bytes | None:
    ring = await asyncpg.connect(dsn_of(service.keys_url))
    try:
        found: bytes | None = await ring.fetchval("SELECT wrapped FROM keys WHERE owner = $1", talk)
    finally:
        await ring.close()
    return found


async def as_autovacuum_does(service: Any) -> None:
    """It samples tables at times of its own, and what it sampled stays in the catalogue."""
    ring = await asyncpg.connect(dsn_of(service.keys_url))
    try:
        await ring.execute("ANALYZE keys")
    finally:
        await ring.close()


async def test_an_erased_conversation_is_gone_for_both_and_another_one_is_not(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk, other = [await talked(chat_service, chat_client, as_) for _ in range(2)]
    assert {"messages", "attachments", "read_positions"} <= set(await held(chat_service, talk))
    answer = await erase(chat_client, as_(OLENA), talk)
    assert answer.status_code == 200, answer.text
    assert answer.json()["complete"]
    assert await held(chat_service, talk) == {}
    assert len(objects_of(chat_service)) == 1
    for reader in (OLENA, ANNA):
        assert (await chat_client.get(f"conversations/{talk}", headers=as_(reader))).status_code == 404
        assert (await chat_client.get(f"conversations/{talk}/messages", headers=as_(reader))).status_code == 404
        assert (await say(chat_client, as_(reader), talk, "still there?")).status_code == 404
        assert (await add(chat_client, as_(reader), talk)).status_code == 404
        assert len((await heard(chat_client, as_(reader), other))["items"]) == 3
    async with chat_service.database.session("*") as tx:
        tombstone = await tx.get_one(ConversationRow, talk)
        assert tombstone.erased_at is not None
    assert await erasures_told(chat_service) == [talk]


async def test_asked_again_it_is_no_error_and_is_told_once(chat_service: Any, chat_client: Any, as_: Any):
    talk = await talked(chat_service, chat_client, as_)
    answers = [await erase(chat_client, as_(OLENA), talk) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.text for answer in answers}) == 1
    assert await erasures_told(chat_service) == [talk]


async def test_only_the_client_erases_and_strangers_learn_nothing(chat_service: Any, chat_client: Any, as_: Any):
    talk = await talked(chat_service, chat_client, as_)
    answer = await erase(chat_client, as_(ANNA), talk)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_yours_to_erase")
    for name, stranger in STRANGERS.items():
        assert (await erase(chat_client, as_(stranger), talk)).status_code == 404, name
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 3
    await erase(chat_client, as_(OLENA), talk)
    for late in (ANNA, TARAS, BORIS):
        assert (await erase(chat_client, as_(late), talk)).status_code == 404


async def test_what_is_accepted_again_after_it_was_erased_stays_empty(chat_service: Any, chat_client: Any, as_: Any):
    talk = await talked(chat_service, chat_client, as_)
    await erase(chat_client, as_(OLENA), talk)
    await hear(chat_service, accepted(talk, by=BORIS, after=90))
    assert (await say(chat_client, as_(BORIS), talk, "Hello?")).status_code == 404
    assert await held(chat_service, talk) == {}


async def test_no_word_and_no_key_is_left_in_any_file(chat_service: Any, chat_client: Any, as_: Any, postgres: str):
    talk = await talked(chat_service, chat_client, as_)
    for client in (TARAS, OLENA):
        await say(chat_client, as_(client), await conversation(chat_service, client=client), "mine stays")
    async with chat_service.database.session("*") as tx:
        body, mine = (
            await tx.execute(
                select(MessageRow.body, MessageRow.client_message_id).where(MessageRow.conversation_id == talk).limit(1)
            )
        ).one()
    wrapped = await wrapped_key(chat_service, talk)
    assert wrapped is not None
    await as_autovacuum_does(chat_service)
    sealed = objects_of(chat_service)[0].read_bytes()
    asked = WORDS.encode(), WORDS.encode("utf-16-le"), mine.bytes, wrapped
    assert await in_files(postgres, *asked) == [False, False, True, True], "words never were; the scan does find rows"
    await erase(chat_client, as_(OLENA), talk)
    assert await tables_with(chat_service, WORDS) == set()
    assert await wrapped_key(chat_service, talk) is None
    for _ in range(2):  # As the job, which comes again: what somebody's snapshot could still see is taken then.
        await chat_service.resources.vault.keys.scrub()
    assert (await in_files(postgres, *asked))[:2] == [False, False]
    assert not (await in_files(postgres, wrapped))[0]
    assert not any(needle in path.read_bytes() for path in objects_of(chat_service) for needle in (sealed[:64],))
    # A thief with an old copy of the rows, and all that is left of the keys, reads nothing.
    assert body
    with pytest.raises(KeyDestroyed):
        await chat_service.resources.vault.keys.key(talk)


async def test_ops_forget_a_client_everywhere_and_no_other(chat_service: Any, chat_client: Any, as_: Any):
    mine = [await talked(chat_service, chat_client, as_) for _ in range(2)]
    theirs = await conversation(chat_service, client=TARAS)
    await say(chat_client, as_(TARAS), theirs, "mine stays")
    asked = {"subject_id": str(OLENA.id)}
    for _ in range(2):
        answer = await chat_client.post("erasures", json=asked, headers=as_(OMAR, key=str(uuid7())))
        assert answer.status_code == 200, answer.text
        assert {each["conversation_id"] for each in answer.json()["conversations"]} == {str(talk) for talk in mine}
        assert all(each["complete"] for each in answer.json()["conversations"])
    assert [await held(chat_service, talk) for talk in mine] == [{}, {}]
    assert (await heard(chat_client, as_(TARAS), theirs))["items"][0]["body"] == "mine stays"


@pytest.mark.parametrize("who", [OLENA, ANNA, STRANGERS["support"], STRANGERS["supervisor"]], ids=lambda one: one.role)
async def test_nobody_but_ops_has_somebody_else_forgotten(
    chat_service: Any, chat_client: Any, as_: Any, who: Principal
):
    talk = await talked(chat_service, chat_client, as_)
    answer = await chat_client.post("erasures", json={"subject_id": str(OLENA.id)}, headers=as_(who))
    assert answer.status_code == 403
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 3


@pytest.mark.parametrize("heal", ["the job", "asking again"])
async def test_who_dies_between_database_and_keys_is_followed_by_another(
    chat_service: Any, chat_client: Any, as_: Any, heal: str, monkeypatch: pytest.MonkeyPatch
):
    async def dies(_: UUID) -> None:
        raise ConnectionResetError

    talk = await talked(chat_service, chat_client, as_)
    gallery = chat_service.resources.gallery
    with monkeypatch.context() as patch:
        patch.setattr(gallery.keys, "destroy", dies)
        assert (await erase(chat_client, as_(OLENA), talk)).status_code == 503
    assert await held(chat_service, talk) == {}
    assert await wrapped_key(chat_service, talk) is not None
    assert len(objects_of(chat_service)) == 1
    if heal == "the job":
        await jobs.finish_erasures(chat_service.database, gallery)
    else:
        assert (await erase(chat_client, as_(OLENA), talk)).json()["complete"]
    assert await wrapped_key(chat_service, talk) is None
    assert objects_of(chat_service) == []
    async with chat_service.database.session("*") as tx:
        assert (await tx.get_one(ErasureRow, talk)).done_at is not None
    assert await commands.finish_erasures(chat_service.database, gallery) == 0


async def test_a_link_to_a_picture_dies_with_it(chat_service: Any, chat_client: Any, as_: Any):
    talk = await talked(chat_service, chat_client, as_)
    picture = await added(chat_client, as_(OLENA), talk)
    path = await link(chat_client, as_(OLENA), picture)
    await erase(chat_client, as_(OLENA), talk)
    assert (await chat_client.get(path)).status_code == 404
    assert (await seen(chat_client, as_(OLENA), picture)).status_code == 404
