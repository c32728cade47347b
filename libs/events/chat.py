"""What chat says: that people talk, and when. Never what."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Version

Side = Literal["client", "specialist"]
SizeBucket = Literal["xs", "s", "m", "l"]


class ConversationOpened(Event, topic="chat.conversations", key="conversation_id"):
    """The two sides of an accepted request can talk. The conversation's id is the request's."""

    conversation_id: UUID
    client_id: UUID
    specialist_id: UUID
    privacy_mode: Literal["sealed"]


class MessageSent(Event, topic="chat.conversations", key="conversation_id"):
    """One side wrote to the other."""

    conversation_id: UUID
    seq: Annotated[int, Meta(ge=1)]
    side: Side
    size: SizeBucket


class FirstReplySent(Event, topic="chat.conversations", key="conversation_id"):
    """The specialist's first message, written in the site's chat: the only thing that keeps the promise (B11)."""

    conversation_id: UUID
    specialist_id: UUID


class ProblemSolved(Event, topic="chat.conversations", key="conversation_id"):
    """The author of a review says that its matter is settled: the score counts no longer, be it good or bad (P12, P13).

    One register with ProblemReopened: the greater version is the truth.
    """

    conversation_id: UUID
    review_id: UUID
    specialist_id: UUID
    version: Version


class ProblemReopened(Event, topic="chat.conversations", key="conversation_id"):
    """The author took it back: the score counts again."""

    conversation_id: UUID
    review_id: UUID
    specialist_id: UUID
    version: Version
