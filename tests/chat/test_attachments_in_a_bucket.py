"""A picture through a bucket of a real S3 server: sealed on its way in, whole on its way out, and gone when erased."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from libs.kit.pictures import is_plain_webp
from tests.chat.pictures import added, seen, send
from tests.chat.scenes import conversation
from tests.conftest import client_of
from tests.people import ANNA, OLENA


@pytest.fixture
async def instance(
    chat_service: Any, surroundings: Any, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Any]:
    """Another instance of chat on the same databases, told of the bucket as an operator tells it."""
    monkeypatch.setenv("CHAT_OBJECTS_URL", f"s3://{bucket.name}/chat")
    async with chat_service.service.open(surroundings, chat_service.database.url, chat_service.keys_url) as opened:
        yield opened


@pytest.fixture
async def client(instance: Any) -> AsyncIterator[AsyncClient]:
    async with client_of(instance.app, "chat") as http:
        yield http


def files(bucket: Path) -> list[Path]:
    return [path for path in bucket.rglob("*") if path.is_file()]


async def test_a_picture_is_sealed_in_the_bucket_whole_for_its_two_sides_and_gone_when_erased(
    instance: Any, client: AsyncClient, bucket: Path, as_: Any
):
    talk = await conversation(instance)
    picture = await added(client, as_(OLENA), talk)
    assert (await send(client, as_(OLENA), talk, picture)).status_code == 201
    shown = [(await seen(client, as_(who), picture)).content for who in (OLENA, ANNA)]
    assert shown[0] == shown[1]
    assert is_plain_webp(shown[0])
    (kept,) = files(bucket)
    assert kept.is_relative_to(bucket / "chat" / "pictures")
    assert b"WEBP" not in kept.read_bytes()
    assert len(kept.read_bytes()) > len(shown[0])
    assert (await client.post(f"conversations/{talk}/erasure", headers=as_(OLENA))).status_code < 300
    assert (await seen(client, as_(OLENA), picture)).status_code == 404
    assert files(bucket) == []
