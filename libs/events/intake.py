"""What intake says: the life of a request, from the client's submit to the session held."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Moment, Version

Kind = Literal["chat", "phone"]
Category = Literal[
    "anxiety", "burnout", "couple", "depression", "family", "grief", "health", "panic", "self_esteem", "trauma", "other"
]
Locale = Literal["uk", "ru", "bg", "en"]
RefusalReason = Literal[
    "outside_competence", "other_specialist_needed", "boundaries_broken", "personal_trigger", "values", "other"
]  # R9


class RequestOpened(Event, topic="intake.requests", key="request_id"):
    """A client asked for help. Who they are, and how to reach them, stays in intake."""

    request_id: UUID
    client_id: UUID
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    reply_due: Moment


class RequestAccepted(Event, topic="intake.requests", key="request_id"):
    """A specialist was the first to press Accept (B4). From here the request and the specialist are an engagement."""

    request_id: UUID
    specialist_id: UUID
    client_id: UUID
    kind: Kind
    one_off: bool
    opened_at: Moment
    reply_due: Moment


class RequestDeactivated(Event, topic="intake.requests", key="request_id"):
    """Support struck the request from the record, so it is closed for good work too (R4)."""

    request_id: UUID
    decision_id: UUID


class CooldownReleased(Event, topic="intake.specialists", key="specialist_id"):
    """The wait that an accept had started was called off, because it ended in no fault of the specialist's (D5)."""

    specialist_id: UUID
    request_id: UUID


class SessionBooked(Event, topic="intake.requests", key="request_id"):
    """A session was agreed for a moment."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    starts_at: Moment
    number: Annotated[int, Meta(ge=1, description="The n-th session of this engagement.")]


class SessionHeld(Event, topic="intake.requests", key="request_id"):
    """A session took place. One register with SessionVoided: the greater version is the truth."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    number: Annotated[int, Meta(ge=1)]
    version: Version


class SessionVoided(Event, topic="intake.requests", key="request_id"):
    """What was recorded as held had not taken place."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    number: Annotated[int, Meta(ge=1)]
    version: Version


class SessionPurchased(Event, topic="intake.requests", key="request_id"):
    """The client paid for the n-th session of an engagement; the second is what retention asks for."""

    request_id: UUID
    specialist_id: UUID
    number: Annotated[int, Meta(ge=1)]


class ClientRefused(Event, topic="intake.requests", key="request_id"):
    """The specialist ended the work with a client after the first session and before a second purchase (R9, R11)."""

    request_id: UUID
    specialist_id: UUID
    reason: RefusalReason


class ClientReached(Event, topic="intake.requests", key="request_id"):
    """The specialist spoke to the client of a phone request: what a first reply is to a chat (B1)."""

    request_id: UUID
    specialist_id: UUID


class RequestWithdrawn(Event, topic="intake.requests", key="request_id"):
    """The client took the request back; if somebody had won it, from them."""

    request_id: UUID
    specialist_id: UUID | None


class EngagementMerged(Event, topic="intake.requests", key="request_id"):
    """A client of this specialist's had come a second time: this engagement is part of an earlier one (R3, D12).

    Sessions of it are told again as sessions of the one that stays. The greater version is the truth.
    """

    request_id: UUID
    specialist_id: UUID
    into_request_id: UUID
    version: Version
    merged: bool


class SpecialistJoined(Event, topic="intake.specialists", key="specialist_id"):
    """A specialist may now take requests from the feed."""

    specialist_id: UUID
