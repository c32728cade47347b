"""Pictures: drawn anew and sealed as they come, shown to the two sides only."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Header, Request, Response
from starlette.requests import HTTPConnection

from libs.kit.edge import BODY, bodies_up_to
from libs.kit.errors import DomainError
from libs.kit.http import PUBLIC, Router, Transaction, host
from libs.kit.idempotency import IdempotencyKeyMissing, IdempotencyKeyReused
from libs.kit.pictures import MB, PictureRefused, PicturesBusy
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Held, Someone
from services.chat.commands import Upload
from services.chat.domain import ConversationOver, ConversationUnknown, Participant
from services.chat.domain.attachments import Pass, PicturesForbidden, PictureUnknown, TooManyPictures, UploadTooSlow
from services.chat.queries.attachments import attachment
from services.chat.schemas import bytes_of, text_of
from services.chat.schemas.attachments import Attachment, AttachmentLink
from services.chat.tables import AttachmentRow

LARGEST: Final = 8 * MB
ARRIVES_WITHIN: Final = 60.0
KINDS: Final = ("image/png", "image/jpeg", "image/webp")
KEY: Final = 255
BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
PICTURE: Final[dict[str, Any]] = {"content": {"image/webp": BINARY}, "description": "The picture."}
HEADERS: Final = {
    "Content-Disposition": 'attachment; filename="picture.webp"',
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
routes = Router(prefix="/v1", tags=["attachments"])


class NotAPicture(DomainError):
    """The body must be a picture, and its Content-Type image/png, image/jpeg or image/webp."""

    status = 415


@routes.post(
    "/conversations/{conversation_id}/attachments",
    status_code=201,
    dependencies=[bodies_up_to(LARGEST)],
    responses=documented(
        ConversationUnknown, ConversationOver, PicturesForbidden, TooManyPictures, NotAPicture, PictureRefused,
        PicturesBusy, UploadTooSlow, IdempotencyKeyMissing, IdempotencyKeyReused,
    ),
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(KINDS, BINARY)}},
)  # fmt: skip
async def add_attachment(
    conversation_id: ConversationId,
    uploader: Someone,
    held: Held,
    *,
    request: Request,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="A new one per picture.")] = None,
) -> Attachment:
    """Add a picture of at most 8 MB to a conversation. The other side sees it when you send it with a message.

    We draw it anew: what was in the file beside its pixels, place and device among it, is gone before we keep it.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in KINDS:
        raise NotAPicture
    upload = Upload(conversation_id=conversation_id, uploader=uploader, key=_valid(idempotency_key))
    database, pictures = host(request).database, held.gallery.pictures
    async with database.session(uploader.tenant) as tx:
        rules, known = await commands.begin_upload(tx, upload, now=await queries.moment(tx))
    with pictures.room(of=(uploader.tenant, uploader.id)):
        raw = await _body(request, min(rules.largest, LARGEST))
        if known is None:
            row, new = await commands.add_picture(database, held.gallery, upload, await pictures.harmless(raw, kind))
        else:
            async with database.session(uploader.tenant) as tx:
                found, _ = await attachment(tx, known, uploader)
            row, new = commands.same_picture(found, sha256(raw).digest()), False
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    return _seen(row)


@routes.get(
    "/attachments/{attachment_id}",
    response_class=Response,
    responses={200: PICTURE} | documented(ConversationUnknown, PictureUnknown),
)
async def show_attachment(attachment_id: UUID, reader: Someone, held: Held, request: Request) -> Response:
    """A picture that was sent to you, or that you have added. Each look is an entry in the access ledger."""
    return await _shown(request, held, attachment_id, reader)


@routes.post(
    "/attachments/{attachment_id}/links",
    status_code=201,
    responses=documented(ConversationUnknown, PictureUnknown),
)
async def link_attachment(attachment_id: UUID, reader: Someone, tx: Transaction, held: Held) -> AttachmentLink:
    """An address for an `<img>`, which cannot show a token: it works for a few minutes, and while you are a side."""
    now = await queries.moment(tx)
    row, _ = await attachment(tx, attachment_id, reader)
    until = now + (await queries.rules_of(tx, row.tenant)).attachments.link_lives
    token = text_of(held.gallery.signed(Pass(attachment_id=row.id, reader=reader, until=until)))
    return AttachmentLink(path=f"/v1/attachment-links/{token}", expires_at=until.replace(microsecond=0))


@routes.get(
    "/attachment-links/{token}",
    policy=PUBLIC,
    response_class=Response,
    responses={200: PICTURE} | documented(PictureUnknown),
)
async def follow_attachment_link(token: str, held: Held, request: Request) -> Response:
    """The picture that a link leads to, as long as the link is fresh and its owner is still a side."""
    try:
        right = held.gallery.admitted(bytes_of(token))
    except ValueError:
        raise PictureUnknown from None
    return await _shown(request, held, right.attachment_id, right.reader, until=right.until)


async def _shown(
    connection: HTTPConnection, held: Held, attachment_id: UUID, reader: Participant, *, until: datetime | None = None
) -> Response:
    """First it is entered who looks, then the picture is opened; no connection waits for the store."""
    async with host(connection).database.session(reader.tenant) as tx:
        now = await queries.moment(tx)
        if until is not None and now >= until:
            raise PictureUnknown
        row = await commands.look_at_picture(tx, attachment_id, reader, now=now)
    content = await held.gallery.show(row)
    return Response(content, media_type="image/webp", headers=HEADERS)


async def _body(request: Request, most: int) -> bytes:
    """The body, as far as it may go; the edge cuts off whoever sends more, or says that they will."""
    request.scope[BODY].limit = most
    raw = bytearray()
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            async for part in request.stream():
                raw += part
    except TimeoutError:
        raise UploadTooSlow from None
    return bytes(raw)


def _valid(key: str | None) -> str:
    if key is None or not 0 < len(key) <= KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise IdempotencyKeyMissing
    return key


def _seen(row: AttachmentRow) -> Attachment:
    return Attachment(
        id=row.id, conversation_id=row.conversation_id, kind="image/webp", size=row.size, width=row.width,
        height=row.height, at=row.at,
    )  # fmt: skip
