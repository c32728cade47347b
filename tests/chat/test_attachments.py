"""Pictures in a conversation: harmless, sealed, and for its two sides only."""

import hashlib
import io
from asyncio import gather
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select, update

from libs.kit.pictures import is_plain_webp
from services.chat.schemas import bytes_of, text_of
from services.chat.tables import AttachmentRow, LedgerEntryRow
from tests.chat.pictures import PHOTO, add, added, link, objects_of, rows, seen, send
from tests.chat.scenes import accepted, conversation, hear, heard, released, say
from tests.chat.test_api import STRANGERS
from tests.kit import corpus
from tests.kit.corpus import CANARY
from tests.people import ANNA, BORIS, OLENA


@pytest.fixture(autouse=True)
async def no_objects(chat_service: Any) -> AsyncIterator[None]:
    """Tests begin with an empty store."""
    yield
    for path in objects_of(chat_service):
        path.unlink()


async def test_a_picture_reaches_the_other_side_without_what_was_hidden_in_it(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    answer = await add(chat_client, as_(OLENA), talk)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == (48, 64)
    assert (await send(chat_client, as_(OLENA), talk, answer.json()["id"])).status_code == 201
    shown = answer
    for reader in (ANNA, OLENA):
        shown = await seen(chat_client, as_(reader), answer.json()["id"])
        assert shown.status_code == 200
        assert is_plain_webp(shown.content)
        assert CANARY in PHOTO
        assert CANARY not in shown.content
        assert Image.open(io.BytesIO(shown.content)).size == (48, 64)
        assert shown.headers["content-type"] == "image/webp"
        assert shown.headers["content-disposition"].startswith("attachment")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "no-store"
        assert "sandbox" in shown.headers["content-security-policy"]
    (row,) = await rows(chat_service)
    assert row.original_sha256 == hashlib.sha256(PHOTO).digest()
    assert row.sha256 == hashlib.sha256(shown.content).digest()
    assert (row.original_size, row.size, row.seq) == (len(PHOTO), len(shown.content), 1)
    assert (await heard(chat_client, as_(ANNA), talk))["items"][0]["attachments"] == [str(row.id)]


async def test_r14_nobody_but_the_two_sides_finds_a_picture(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    sent, unsent = [await added(chat_client, as_(OLENA), talk) for _ in range(2)]
    await send(chat_client, as_(OLENA), talk, sent)
    for name, stranger in STRANGERS.items():
        mine = as_(stranger)
        answers = [await add(chat_client, mine, talk), await send(chat_client, mine, talk, unsent)]
        for picture in (sent, unsent):
            answers.append(await seen(chat_client, mine, picture))
            answers.append(await chat_client.post(f"attachments/{picture}/links", headers=mine))
        assert [answer.status_code for answer in answers] == [404] * 6, name
    assert len(await rows(chat_service)) == len(objects_of(chat_service)) == 2


async def test_a_picture_is_its_senders_alone_until_it_is_sent(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    picture = await added(chat_client, as_(OLENA), talk)
    assert (await seen(chat_client, as_(OLENA), picture)).status_code == 200
    assert (await seen(chat_client, as_(ANNA), picture)).status_code == 404
    taken = await send(chat_client, as_(ANNA), talk, picture)
    assert (taken.status_code, taken.json()["code"]) == (422, "picture_not_yours")
    assert (await send(chat_client, as_(OLENA), talk, picture)).status_code == 201
    assert (await seen(chat_client, as_(ANNA), picture)).status_code == 200


async def test_a_picture_is_sent_once_and_in_its_own_conversation(chat_service: Any, chat_client: Any, as_: Any):
    talk, other = [await conversation(chat_service) for _ in range(2)]
    picture = await added(chat_client, as_(OLENA), talk)
    assert (await send(chat_client, as_(OLENA), other, picture)).status_code == 422
    answers = await gather(*(send(chat_client, as_(OLENA), talk, picture) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201] + [422] * 4
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == 1


async def test_r14_who_comes_later_does_not_see_what_was_shown_to_a_former_specialist(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    picture = await added(chat_client, as_(OLENA), talk)
    await send(chat_client, as_(OLENA), talk, picture)
    links = [await link(chat_client, as_(reader), picture) for reader in (ANNA, OLENA)]
    await hear(chat_service, released(talk))
    assert (await seen(chat_client, as_(ANNA), picture)).status_code == 404
    assert [(await chat_client.get(path)).status_code for path in links] == [404, 200]
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    assert (await seen(chat_client, as_(BORIS), picture)).status_code == 404
    later = await added(chat_client, as_(OLENA), talk)
    await send(chat_client, as_(OLENA), talk, later)
    assert (await seen(chat_client, as_(BORIS), later)).status_code == 200


async def test_who_steals_database_and_store_sees_nothing(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    picture = await added(chat_client, as_(OLENA), talk)
    content = (await seen(chat_client, as_(OLENA), picture)).content
    (stored,) = objects_of(chat_service)
    kept = stored.read_bytes()
    assert content[40:80] not in kept
    assert b"WEBP" not in kept
    assert CANARY not in kept
    assert str(OLENA.id) not in str(stored)
    stored.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert (await seen(chat_client, as_(OLENA), picture)).status_code == 404


async def test_a_picture_put_in_the_place_of_another_is_not_shown(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    one, two = [await added(chat_client, as_(OLENA), talk) for _ in range(2)]
    async with chat_service.database.session("*") as tx:
        names = {str(row.id): row.object_name for row in await tx.scalars(select(AttachmentRow))}
        for moved, onto in ((one, "x"), (two, names[one]), (one, names[two])):
            await tx.execute(update(AttachmentRow).where(AttachmentRow.id == UUID(moved)).values(object_name=onto))
    assert (await seen(chat_client, as_(OLENA), one)).status_code == 404


async def test_a_repeated_upload_is_one_picture(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    answers = await gather(*(add(chat_client, as_(OLENA), talk, key="once") for _ in range(2)))
    answers.append(await add(chat_client, as_(OLENA), talk, key="once"))
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert answers[2].headers["idempotency-replayed"] == "true"
    assert len(await rows(chat_service)) == len(objects_of(chat_service)) == 1
    other = await add(chat_client, as_(OLENA), talk, corpus.png(9, 9), kind="image/png", key="once")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await add(chat_client, as_(ANNA), talk, key="once")).json()["id"] != answers[0].json()["id"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\x07"])
async def test_an_upload_needs_a_key(chat_service: Any, chat_client: Any, as_: Any, key: str):
    talk = await conversation(chat_service)
    said = as_(OLENA) | {"Content-Type": "image/jpeg", "Idempotency-Key": key}
    answer = await chat_client.post(f"conversations/{talk}/attachments", content=PHOTO, headers=said)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


async def test_each_look_is_an_entry_in_the_ledger(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await say(chat_client, as_(OLENA), talk, "first")
    picture = await added(chat_client, as_(OLENA), talk)
    await send(chat_client, as_(OLENA), talk, picture)
    path = await link(chat_client, as_(ANNA), picture)
    for _ in range(2):
        assert (await chat_client.get(path)).status_code == 200
    await seen(chat_client, as_(BORIS), picture)
    async with chat_service.database.session("*") as tx:
        entries = [bytes(row) for row in await tx.scalars(select(LedgerEntryRow.payload))]
    looks = [entry for entry in entries if b"attachment" in entry]
    assert len(looks) == 2
    assert all(str(ANNA.id).encode() in look or ANNA.id.bytes in look for look in looks)


async def test_a_link_is_for_five_minutes_and_cannot_be_made_up(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    picture, other = [await added(chat_client, as_(OLENA), talk) for _ in range(2)]
    path = await link(chat_client, as_(OLENA), picture)
    assert (await chat_client.get(path)).headers["content-type"] == "image/webp"
    elsewhere = await link(chat_client, as_(OLENA), other)
    spliced = path[:60] + elsewhere[60:]
    forged = [path[:-1], path + "AAAA", spliced, "attachment-links/x", "attachment-links/%C3%A9", path[:-3] + "AAA"]
    assert [(await chat_client.get(each)).status_code for each in forged] == [404] * len(forged)
    gallery = chat_service.resources.gallery
    right = gallery.admitted(bytes_of(path.split("/")[1]))
    late = type(right)(
        attachment_id=right.attachment_id, reader=right.reader, until=right.until - timedelta(minutes=5, seconds=2)
    )
    token = text_of(gallery.signed(late))
    answer = await chat_client.get(f"attachment-links/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "picture_unknown")
