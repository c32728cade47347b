"""What tests of pictures in chat begin with."""

from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response
from sqlalchemy import select

from libs.bus.ids import uuid7
from services.chat.tables import AttachmentRow
from tests.kit.corpus import CANARY, exif, picture, saved

PHOTO = saved(picture(), "JPEG", exif=exif(6), comment=CANARY)


async def add(
    client: AsyncClient, headers: dict[str, str], talk: UUID, raw: Any = PHOTO, *, kind: str = "image/jpeg",
    key: str | None = None,
) -> Response:  # fmt: skip
    said = headers | {"Content-Type": kind, "Idempotency-Key": key or str(uuid7())}
    return await client.post(f"conversations/{talk}/attachments", content=raw, headers=said)


async def added(client: AsyncClient, headers: dict[str, str], talk: UUID, **options: Any) -> str:
    answer = await add(client, headers, talk, **options)
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def send(client: AsyncClient, headers: dict[str, str], talk: UUID, *pictures: str) -> Response:
    message = {"client_message_id": str(uuid7()), "body": "Look.", "attachments": list(pictures)}
    return await client.post(f"conversations/{talk}/messages", json=message, headers=headers)


async def seen(client: AsyncClient, headers: dict[str, str], picture_id: str) -> Response:
    return await client.get(f"attachments/{picture_id}", headers=headers)


async def link(client: AsyncClient, headers: dict[str, str], picture_id: str) -> str:
    answer = await client.post(f"attachments/{picture_id}/links", headers=headers)
    assert answer.status_code == 201, answer.text
    path: str = answer.json()["path"]
    return path.removeprefix("/v1/")


def objects_of(service: Any) -> list[Path]:
    folder = service.platform.run_dir / "objects"
    return [path for path in folder.rglob("*") if path.is_file()]


async def rows(service: Any) -> list[AttachmentRow]:
    async with service.database.session("*") as tx:
        return list(await tx.scalars(select(AttachmentRow).order_by(AttachmentRow.at)))
