"""What goes over HTTP about conversations and messages."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from libs.events.chat import Side
from libs.kit.schemas import Input, Output
from services.chat.domain import LONGEST, Participant, is_blank
from services.chat.queries import readable_after
from services.chat.tables import ConversationRow, MessageRow

_REQUEST = "01926f3c-8a00-7000-8000-000000000a01"
_OLENA = "01926f3c-8a00-7000-8000-0000000000c1"
_ANNA = "01926f3c-8a00-7000-8000-0000000000b1"
_READERS: JsonValue = [{"side": "client", "id": _OLENA}, {"side": "specialist", "id": _ANNA}]
_RECEIPT: dict[str, JsonValue] = {
    "conversation_id": _REQUEST, "seq": 1, "side": "specialist", "sender_id": _ANNA, "at": "2026-03-02T18:00:21Z",
}  # fmt: skip
_SAID: dict[str, JsonValue] = {"body": "Good evening, I am Anna. What shall I call you?"}


def _legible(body: str) -> str:
    if is_blank(body):
        raise ValueError("A message needs something to read.")
    return body


class NewMessage(Input):
    """A message to the other side."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SAID]})

    body: Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_legible)]


class Reader(Output):
    """Somebody who can read a conversation."""

    side: Side
    id: UUID


class Conversation(Output):
    """A conversation, as one of its two sides sees it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _REQUEST, "side": "client", "privacy_mode": "sealed", "readers": _READERS,
                    "accepted_at": "2026-03-02T18:00:12Z", "readable_after_seq": 0, "last_seq": 1,
                }
            ]
        }
    )  # fmt: skip

    id: UUID = Field(description="The request's.")
    side: Side = Field(description="Yours.")
    privacy_mode: Literal["sealed"] = Field(description="Sealed: nobody but the readers, no staff. Fixed for life.")
    readers: list[Reader] = Field(description="Everybody who can read this conversation.")
    accepted_at: datetime = Field(description="By the specialist who has, or had, the request last.")
    readable_after_seq: int = Field(description="You read what comes after this number.")
    last_seq: int = Field(description="How many messages there have been.")

    @classmethod
    def seen_by(cls, reader: Participant, row: ConversationRow) -> Self:
        """The side of whoever asks is part of the answer; a specialist who lost the request is no reader."""
        readers = [Reader(side="client", id=row.client_id)]
        if row.released_at is None:
            readers.append(Reader(side="specialist", id=row.specialist_id))
        return cls(
            id=row.id,
            side="client" if row.client_id == reader.as_client else "specialist",
            privacy_mode="sealed",
            readers=readers,
            accepted_at=row.accepted_at,
            readable_after_seq=readable_after(row, reader),
            last_seq=row.last_seq,
        )


class Receipt(Output):
    """Where a message stands. It does not repeat what was said, because answers are kept for repeated requests."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RECEIPT]})

    conversation_id: UUID
    seq: int = Field(description="Its place: 1, 2, 3 and so on, without gaps; the order of all messages.")
    side: Side
    sender_id: UUID
    at: datetime


class Message(Receipt):
    """A message as both sides see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RECEIPT | _SAID]})

    body: str

    @classmethod
    def of(cls, row: MessageRow) -> Self:
        """The stored bytes are this text for as long as clients do not encrypt."""
        return cls(
            conversation_id=row.conversation_id, seq=row.seq, side=row.side, sender_id=row.sender_id,
            body=row.body.decode(), at=row.at,
        )  # fmt: skip


class Messages(Output):
    """A page of messages in order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_RECEIPT | _SAID], "next": 7}]})

    items: list[Message]
    next: int | None = Field(description="The `after_seq` of the following page; null when this is the last.")
