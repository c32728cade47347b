"""What goes over HTTP about being told of messages."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from libs.kit.schemas import Input, Output
from services.chat.domain.addresses import Address, masked_mail, masked_phone
from services.chat.domain.notifications import Locale, MutedBy
from services.chat.queries.notifications import Silence
from services.chat.schemas.examples import MOMENT, REQUEST

_LOCALE = "The language of what you are told."


class NewAddress(Input):
    """Where you want to be told that there is something to read."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"phone": "+380 44 123 45 67", "mail": "olena@example.com", "locale": "uk"}]}
    )

    phone: str | None = Field(
        default=None, max_length=40, description="With its country code; +77777777777 means that there is none."
    )
    mail: str | None = Field(default=None, max_length=254)
    locale: Locale = Field(description=_LOCALE)


class AddressView(Output):
    """Where you are told, masked, so that who looks over your shoulder learns nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"phone": "+380•••••••67", "mail": "o•••@example.com", "locale": "uk"}]}
    )

    phone: str | None
    mail: str | None
    locale: Locale = Field(description=_LOCALE)

    @classmethod
    def of(cls, address: Address) -> Self:
        """An address as its owner may see it."""
        return cls(phone=masked_phone(address.phone), mail=masked_mail(address.mail), locale=address.locale)


class SilenceWish(Input):
    """Whether you want to be told of messages in this conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"muted": True}]})

    muted: bool


class SilenceView(Output):
    """Whether you are told of messages in this conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"muted": True, "muted_by": "ignored", "ignored": 2}]})

    muted: bool
    muted_by: MutedBy | None = Field(
        description="`ignored` ends when you read or write; `choice` when you wish so; null while you are told."
    )
    ignored: int = Field(description="Notifications since you last read or wrote.")

    @classmethod
    def of(cls, found: Silence) -> Self:
        """How it stands."""
        return cls(muted=found.muted_by is not None, muted_by=found.muted_by, ignored=found.ignored)


class EntryView(Output):
    """A link that opens something. What it opens is told to nobody who has not used it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"good": True}]})

    good: Literal[True]


class GuestView(Output):
    """What a link is exchanged for, once: show it as `Authorization: Entry <secret>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "secret": "u4vYpGqW0m2sH6cB9nXkRt1LzQeJfDyA8oViK3hTM7w",
                    "conversation_id": REQUEST,
                    "expires_at": MOMENT,
                }
            ]
        }
    )

    secret: str = Field(description="Opens this one conversation, as its client.")
    conversation_id: UUID
    expires_at: datetime
