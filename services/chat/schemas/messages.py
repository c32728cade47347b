"""What goes over HTTP, and over live connections, about messages."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator

from libs.events.chat import Side
from libs.kit.schemas import Input, Output
from services.chat import domain
from services.chat.domain import LARGEST, LONGEST, Draft, Form, Sent, is_blank
from services.chat.schemas.contact_cards import CardView
from services.chat.schemas.examples import ANNA, DIGEST, MESSAGE, MOMENT, REQUEST, STAMP

_RECEIPT: dict[str, JsonValue] = {
    "conversation_id": REQUEST, "seq": 1, "side": "specialist", "sender_id": ANNA, "client_message_id": MESSAGE,
    "at": MOMENT,
}  # fmt: skip
_WORDS = "Good evening, I am Anna. What shall I call you?"
MOST_ATTACHMENTS = 10


def _legible(body: str) -> str:
    if is_blank(body):
        raise ValueError("A message needs something to read.")
    return body


class NewMessage(Input):
    """A message to the other side."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"client_message_id": MESSAGE, "body": _WORDS}]})

    client_message_id: UUID = Field(
        description="Your program's own, new for each message. Sent again with the same one, it is the same message."
    )
    form: Literal["text", "opaque"] = Field(
        default="text", description="Opaque: bytes in base64url that only your and the other side's program understand."
    )
    body: Annotated[str, Field(min_length=1, max_length=LARGEST * 4 // 3 + 4), AfterValidator(_legible)]
    commitment: str | None = Field(
        default=None,
        min_length=43,
        max_length=44,
        description="Of an opaque body, in base64url: 32 bytes that its sender can be held to. See docs/franking.md.",
    )
    attachments: list[UUID] = Field(
        default_factory=list, max_length=MOST_ATTACHMENTS, description="Pictures that you have uploaded here."
    )
    farewell: UUID | None = Field(
        default=None,
        description="Of a farewell, the template whose words the text is: so a specialist ends the work with a client.",
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.form == "text":
            if len(self.body) > LONGEST:
                raise ValueError(f"A text has at most {LONGEST} characters.")
            if self.commitment is not None:
                raise ValueError("Of a text we make the commitment ourselves.")
            return self
        if self.farewell is not None:
            raise ValueError("Of what we cannot read we cannot say whose words it is.")
        if self.commitment is None:
            raise ValueError("An opaque body needs its sender's commitment.")
        if not 1 <= len(bytes_of(self.body)) <= LARGEST:
            raise ValueError(f"An opaque body has 1 to {LARGEST} bytes.")
        if len(bytes_of(self.commitment)) != domain.DIGEST:
            raise ValueError(f"A commitment has {domain.DIGEST} bytes.")
        return self

    def draft(self, conversation_id: UUID) -> Draft:
        """The message before it has a place."""
        opaque = self.form == "opaque"
        return Draft(
            conversation_id=conversation_id, client_message_id=self.client_message_id, form=self.form,
            body=bytes_of(self.body) if opaque else self.body.encode(),
            commitment=bytes_of(self.commitment) if self.commitment is not None else None,
            attachments=tuple(dict.fromkeys(self.attachments)), farewell=self.farewell,
        )  # fmt: skip


class Receipt(Output):
    """Where a message stands. It does not repeat what was said."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RECEIPT]})

    conversation_id: UUID
    seq: int = Field(description="Its place: 1, 2, 3 and so on, without gaps; the order of all messages.")
    side: Side
    sender_id: UUID
    client_message_id: UUID
    at: datetime

    @classmethod
    def of(cls, sent: Sent) -> Self:
        """The same, as an answer."""
        return cls(
            conversation_id=sent.conversation_id, seq=sent.seq, side=sent.side, sender_id=sent.sender_id,
            client_message_id=sent.client_message_id, at=sent.at,
        )  # fmt: skip


class Message(Receipt):
    """A message as both sides see it, with all that is needed to prove it later."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    form: Form = Field(examples=["text"])
    body: str | None = Field(
        examples=[_WORDS], description="The text; base64url of an opaque body; null where there is a card."
    )
    card: CardView | None = Field(description="A contact card: what to show, and links to try in order; else null.")
    attachments: list[UUID] = Field(examples=[[]])
    salt: str | None = Field(
        examples=[DIGEST], description="Opens the commitment; null where the sender's program knows it."
    )
    commitment: str = Field(examples=[DIGEST])
    stamp: str = Field(examples=[STAMP])
    unverifiable: bool = Field(
        examples=[False], description="It was altered or emptied, or could never be proved: then it is not shown."
    )

    @classmethod
    def seen(cls, message: domain.Message) -> Self:
        """What is inside is shown by its form."""
        body = message.body
        text = None if body is None or message.form == "card" else _shown(message.form, body)
        return cls(
            conversation_id=message.conversation_id, seq=message.seq, side=message.side, sender_id=message.sender_id,
            client_message_id=message.client_message_id, at=message.at, form=message.form, body=text,
            card=CardView.model_validate_json(body) if body is not None and message.form == "card" else None,
            attachments=list(message.attachments), salt=text_of(message.salt) if message.salt else None,
            commitment=text_of(message.commitment), stamp=text_of(message.stamp), unverifiable=body is None,
        )  # fmt: skip


class Messages(Output):
    """A page of messages in order."""

    items: list[Message]
    next: int | None = Field(
        examples=[7], description="The `after_seq` of the following page; null when this is the last."
    )


def text_of(raw: bytes) -> str:
    """Bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """The bytes again. Raises ValueError for anything else."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("This is not base64url.") from None


def _shown(form: Form, body: bytes) -> str:
    return text_of(body) if form == "opaque" else body.decode()
