"""What chat says: that people talk, and when. Never what."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Digest, Event, Signature, Version

Side = Literal["client", "specialist", "clinic"]
Purpose = Literal["request", "solve", "thank"]
PrivacyMode = Literal["sealed", "observed"]
LookReason = Literal["dispute", "safety", "technical", "training_consented"]
SizeBucket = Literal["xs", "s", "m", "l"]


class ConversationOpened(Event, topic="chat.conversations", key="conversation_id"):
    """Two sides can talk: those of an accepted request, whose id is the conversation's, or of a review (P1)."""

    conversation_id: UUID
    client_id: UUID
    specialist_id: UUID
    privacy_mode: PrivacyMode
    purpose: Purpose = "request"
    review_id: UUID | None = None
    clinic_id: UUID | None = None


class MessageSent(Event, topic="chat.conversations", key="conversation_id"):
    """One side wrote to the other."""

    conversation_id: UUID
    seq: Annotated[int, Meta(ge=1)]
    side: Side
    size: SizeBucket


class FirstReplySent(Event, topic="chat.conversations", key="conversation_id"):
    """The first words of a request's specialist, written in the site's chat: only they keep the promise (B11, D6)."""

    conversation_id: UUID
    specialist_id: UUID


class FarewellSent(Event, topic="chat.conversations", key="conversation_id"):
    """A request's specialist took leave of its client in the words of a farewell template, before refusing (R11)."""

    conversation_id: UUID
    specialist_id: UUID


class ConversationEnded(Event, topic="chat.conversations", key="conversation_id"):
    """Nobody writes here any more (P11). The house ends what support struck from the record (R4)."""

    conversation_id: UUID
    by: Literal["client", "house"]


class ConversationReopened(Event, topic="chat.conversations", key="conversation_id"):
    """The client, who had ended it, thought better of it."""

    conversation_id: UUID


class ConversationErased(Event, topic="chat.conversations", key="conversation_id"):
    """What was said here is gone for good: rows, pictures and the key that could read copies of them."""

    conversation_id: UUID


class NotificationsMuted(Event, topic="chat.conversations", key="conversation_id"):
    """One side is no longer told of new messages: they ignored two in a row, or chose so (P9, D9)."""

    conversation_id: UUID
    side: Side
    by_choice: bool


class NotificationsResumed(Event, topic="chat.conversations", key="conversation_id"):
    """One side is told of new messages again: they read, wrote, or chose so."""

    conversation_id: UUID
    side: Side


class StaffLooked(Event, topic="chat.conversations", key="conversation_id"):
    """Somebody of the house read in an observed conversation; its two sides see that, too (D2)."""

    conversation_id: UUID
    staff_id: UUID
    ticket_id: UUID
    reason: LookReason


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


class LedgerSealed(Event, topic="chat.conversations", key="ledger_id"):
    """Our signature on who had read in which conversation so far; kept here, no database can take it back.

    The bytes that are signed are told in docs/ledger.md; `at` is part of them, and so is the tenant.
    """

    ledger_id: UUID
    number: Annotated[int, Meta(ge=1)]
    root: Digest
    size: Annotated[int, Meta(ge=1)]
    previous: Digest
    signed_with: Digest
    signature: Signature
