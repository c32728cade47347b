"""Pictures in a conversation: what is refused, how much is taken, and what is let go."""

from asyncio import gather
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import update

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.objects import Objects, ObjectsAway
from libs.kit.pictures import MB
from services.chat import commands, jobs
from services.chat.tables import AttachmentRow, ConversationRow
from tests.chat.pictures import PHOTO, add, added, objects_of, rows, seen, send
from tests.chat.scenes import conversation
from tests.kit import corpus
from tests.people import ANNA, OLENA, OMAR


@pytest.fixture(autouse=True)
async def no_objects(chat_service: Any) -> AsyncIterator[None]:
    """Tests begin with an empty store."""
    yield
    for path in objects_of(chat_service):
        path.unlink()


@pytest.mark.parametrize(
    ("kind", "raw", "status", "reason"),
    [
        ("image/png", PHOTO, 422, "another_kind"), ("image/jpeg", b"<svg/>", 422, "not_a_picture"),
        ("image/jpeg", b"", 422, "not_a_picture"), ("image/jpeg", PHOTO[:300], 422, "unreadable"),
        ("image/png", corpus.png(13_000, 13_000), 422, "too_many_pixels"), ("image/gif", PHOTO, 415, "not_a_picture"),
        ("application/json", b"{}", 415, "not_a_picture"), ("", PHOTO, 415, "not_a_picture"),
    ],
    ids=str,
)  # fmt: skip
async def test_what_is_no_picture_is_refused_with_a_reason(
    chat_service: Any, chat_client: Any, as_: Any, *, kind: str, raw: bytes, status: int, reason: str
):
    talk = await conversation(chat_service)
    answer = await add(chat_client, as_(OLENA), talk, raw, kind=kind)
    told = answer.json()
    assert (answer.status_code, told.get("reason", told["code"])) == (status, reason)
    assert (await rows(chat_service), objects_of(chat_service)) == ([], [])


async def streamed(size: int, read: list[int]) -> AsyncIterator[bytes]:
    read.append(len(PHOTO))
    yield PHOTO
    for _ in range(size // 65536):
        read.append(65536)
        yield b"\0" * 65536


async def test_eight_megabytes_arrive_and_more_is_cut_off(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    assert (await add(chat_client, as_(OLENA), talk, PHOTO.ljust(8 * MB, b"\0"))).status_code == 201
    read: list[int] = []
    answer = await add(chat_client, as_(OLENA), talk, streamed(64 * MB, read))
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")
    assert 8 * MB - MB < sum(read) < 8 * MB + MB, "it stops reading in time"
    assert len(await rows(chat_service)) == 1


async def test_a_body_that_says_it_is_too_large_is_not_read(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    read: list[int] = []
    said = as_(OLENA) | {"Content-Length": str(8 * MB + 1)}
    assert (await add(chat_client, said, talk, streamed(64 * MB, read))).status_code == 413
    assert sum(read) == 0


def test_one_route_of_all_takes_large_bodies():
    services = [import_module(f"services.{name}").service for name in ("intake", "chat", "stats", "support")]
    routes = [route for service in services for route in service.router.routes if isinstance(route, APIRoute)]
    wide = [route.name for route in routes if any("widen" in str(need.dependency) for need in route.dependencies)]
    assert wide == ["add_attachment"]
    assert len(routes) > 100


@pytest.mark.parametrize(("method", "path"), [("POST", "messages"), ("PUT", "read-position")])
async def test_every_other_body_stays_small(chat_service: Any, chat_client: Any, as_: Any, method: str, path: str):
    where = f"conversations/{await conversation(chat_service)}/{path}"
    answer = await chat_client.request(method, where, content=b"x" * (65 * 1024), headers=as_(OLENA))
    assert answer.status_code == 413


async def rules(chat_client: Any, as_: Any, **attachments: Any) -> None:
    answer = await chat_client.post(
        "policies", json={"changes": {"attachments": attachments}}, headers=as_(OMAR, key=str(uuid7()))
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"allowed": False}, 403, "pictures_forbidden"), ({"per_day": 1}, 429, "too_many_pictures"),
        ({"largest": 400}, 413, "content_too_large"),
    ],
    ids=str,
)  # fmt: skip
async def test_r14_the_house_decides_which_pictures_it_takes(
    chat_service: Any, chat_client: Any, as_: Any, *, changed: dict[str, Any], status: int, code: str
):
    talk = await conversation(chat_service)
    await added(chat_client, as_(OLENA), talk)
    await rules(chat_client, as_, **changed)
    answer = await add(chat_client, as_(OLENA), talk)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await rows(chat_service)) == len(objects_of(chat_service)) == 1


async def test_who_waits_until_they_are_told_may_add_another(chat_service: Any, chat_client: Any, as_: Any):
    """A day after the first of those that count, and not before."""
    talk = await conversation(chat_service)
    await rules(chat_client, as_, per_day=2)
    for _ in range(2):
        await added(chat_client, as_(OLENA), talk)
    answer = await add(chat_client, as_(OLENA), talk)
    first, _ = await rows(chat_service)
    assert datetime.fromisoformat(answer.json()["until"]) == first.at + timedelta(days=1)
    assert 86_000 < int(answer.headers["Retry-After"]) <= 86_400
    for at, status in ((first.at + timedelta(days=1, microseconds=-1), 429), (first.at + timedelta(days=1), 201)):
        with clock.at(at):
            assert (await add(chat_client, as_(OLENA), talk)).status_code == status


async def test_no_race_adds_more_than_a_day_allows(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await rules(chat_client, as_, per_day=1)
    answers = await gather(*(add(chat_client, as_(OLENA), talk) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 429]
    assert len(objects_of(chat_service)) == 1


async def test_a_message_has_so_many_pictures_at_most(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    await rules(chat_client, as_, per_message=1)
    both = [await added(chat_client, as_(OLENA), talk) for _ in range(2)]
    answer = await send(chat_client, as_(OLENA), talk, *both)
    assert (answer.status_code, answer.json()["code"]) == (422, "pictures_too_many")
    assert (await send(chat_client, as_(OLENA), talk, both[1])).status_code == 201


async def test_p11_nobody_adds_a_picture_after_the_end(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    async with chat_service.database.session("*") as tx:
        await tx.execute(update(ConversationRow).values(ended_at=clock.now(), ended_by="client"))
    answer = await add(chat_client, as_(OLENA), talk)
    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_over")


async def test_what_was_never_sent_goes_after_a_day_and_what_nobody_needs_goes_too(
    chat_service: Any, chat_client: Any, as_: Any
):
    talk = await conversation(chat_service)
    sent, unsent, fresh = [await added(chat_client, as_(OLENA), talk) for _ in range(3)]
    await send(chat_client, as_(OLENA), talk, sent)
    gallery = chat_service.resources.gallery
    await gallery.objects.put("pictures/lost/1", b"its row was never written")
    async with chat_service.database.session("*") as tx:
        old = clock.now() - timedelta(days=1, minutes=1)
        await tx.execute(update(AttachmentRow).where(AttachmentRow.id != UUID(fresh)).values(at=old))
    await jobs.let_go_of_pictures(chat_service.database, gallery)
    assert [str(row.id) for row in await rows(chat_service)] == [sent, fresh]
    assert len(objects_of(chat_service)) == 3, "what was written just now may be about to be entered"
    assert (await seen(chat_client, as_(OLENA), unsent)).status_code == 404
    await commands.sweep(chat_service.database, gallery, before=clock.now() + timedelta(minutes=1))
    assert len(objects_of(chat_service)) == 2
    assert (await seen(chat_client, as_(ANNA), sent)).status_code == 200


async def test_a_store_that_is_away_is_told_and_nothing_is_entered(
    chat_service: Any, chat_client: Any, as_: Any, monkeypatch: pytest.MonkeyPatch
):
    async def away(*_: Any) -> None:
        raise ObjectsAway

    talk = await conversation(chat_service)
    picture = await added(chat_client, as_(OLENA), talk)
    monkeypatch.setattr(Objects, "put", away)
    monkeypatch.setattr(Objects, "get", away)
    assert (await add(chat_client, as_(OLENA), talk)).status_code == 503
    assert (await seen(chat_client, as_(OLENA), picture)).status_code == 503
    assert len(await rows(chat_service)) == 1


async def test_a_full_house_says_so(chat_service: Any, chat_client: Any, as_: Any):
    talk = await conversation(chat_service)
    mine = chat_service.resources.gallery.pictures.room(of=(OLENA.tenant, OLENA.id))
    with mine, chat_service.resources.gallery.pictures.room(of=(OLENA.tenant, OLENA.id)):
        answer = await add(chat_client, as_(OLENA), talk)
    assert (answer.status_code, answer.json()["code"]) == (503, "pictures_busy")
