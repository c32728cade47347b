"""What goes over HTTP about pictures, beside the pictures."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.kit.schemas import Output
from services.chat.schemas.examples import MESSAGE, MOMENT, REQUEST

_ADDED: dict[str, JsonValue] = {
    "id": MESSAGE, "conversation_id": REQUEST, "kind": "image/webp", "size": 48213, "width": 1080, "height": 1920,
    "at": MOMENT,
}  # fmt: skip


class Attachment(Output):
    """A picture as we keep it. Send it by naming its id in a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ADDED]})

    id: UUID
    conversation_id: UUID
    kind: str = Field(description="Whatever was sent, we keep a WebP of its pixels and nothing else.")
    size: int = Field(description="Bytes.")
    width: int
    height: int
    at: datetime


class AttachmentLink(Output):
    """An address at which you, and nobody else, can see a picture for a few minutes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"path": "/v1/attachment-links/eyJ0", "expires_at": MOMENT}]}
    )

    path: str = Field(description="Below the address of this service; for `<img src>`. It works while you are a side.")
    expires_at: datetime
