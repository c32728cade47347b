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
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166: whose helplines to show.")]
Messenger = Literal["telegram", "whatsapp", "viber", "signal"]
Release = Literal["silent", "handed_over", "referred", "unreachable"]
Referral = Literal["doctor", "psychiatrist", "crisis_team", "other_specialist"]
DangerSign = Literal["desire", "plan", "means", "timeframe", "minor", "abuse"]
RefusalReason = Literal[
    "outside_competence", "other_specialist_needed", "boundaries_broken", "personal_trigger", "values", "other"
]  # R9
CalledOff = Literal["refused", "withdrawn", "deactivated", "silent", "handed_over", "referred", "unreachable"]


class RequestOpened(Event, topic="intake.requests", key="request_id"):
    """A client asked for help. Who they are, and how to reach them, stays in intake."""

    request_id: UUID
    client_id: UUID
    kind: Kind
    category: Category
    locale: Locale
    one_off: bool
    reply_due: Moment
    direct_to: UUID | None = None


class RequestAccepted(Event, topic="intake.requests", key="request_id"):
    """A specialist was the first to press Accept (B4). From here the request and the specialist are an engagement."""

    request_id: UUID
    specialist_id: UUID
    client_id: UUID
    kind: Kind
    one_off: bool
    opened_at: Moment
    reply_due: Annotated[Moment, Meta(description="Until when this winner answers: D6.")]
    round: Annotated[int, Meta(ge=1, description="1, and one more each time it came back into the feed.")] = 1
    reaction_ms: Annotated[int | None, Meta(description="From the card's coming into the feed to the press.")] = None


class AcceptRefused(Event, topic="intake.requests", key="request_id"):
    """A specialist pressed Accept after somebody else had won (B10)."""

    request_id: UUID
    specialist_id: UUID
    place: Annotated[int, Meta(ge=1)]
    margin_ms: Annotated[int, Meta(ge=0)]


class PressTooQuick(Event, topic="intake.specialists", key="specialist_id"):
    """A press won sooner after its card than a person can read it: for antifraud to look at, and no refusal."""

    specialist_id: UUID
    request_id: UUID
    reaction_ms: Annotated[int, Meta(ge=0)]


class RequestReleased(Event, topic="intake.requests", key="request_id"):
    """A request was taken from its winner: they stayed silent, or ended it in a way that is nobody's fault (D5)."""

    request_id: UUID
    specialist_id: UUID
    reason: Release
    again: Annotated[bool, Meta(description="Whether it is open to others again.")]
    country: Country | None = None
    locale: Locale | None = None


class ReplyPromiseKept(Event, topic="intake.requests", key="request_id"):
    """A person answered within what the client was promised (B1). Said late, it corrects that it was missed."""

    request_id: UUID
    specialist_id: UUID
    due: Moment
    answered_at: Moment


class ReplyPromiseMissed(Event, topic="intake.requests", key="request_id"):
    """Nobody answered in time; the one who then had the request is named, whoever takes it later is not (D6)."""

    request_id: UUID
    specialist_id: UUID | None
    due: Moment


class RequestExpired(Event, topic="intake.requests", key="request_id"):
    """Nobody took the request for as long as it was shown."""

    request_id: UUID


class RequestLinked(Event, topic="intake.requests", key="request_id"):
    """The same client had asked before, and that request is still alive: a proposal, not a decision (D12)."""

    request_id: UUID
    earlier_request_id: UUID
    specialist_id: Annotated[UUID | None, Meta(description="Who works with the client on the earlier one.")]


class ClientReferred(Event, topic="intake.requests", key="request_id"):
    """The specialist sent the client to somebody who can do more for them (C10)."""

    request_id: UUID
    specialist_id: UUID
    to: Referral
    to_specialist_id: UUID | None = None
    country: Country | None = None
    locale: Locale | None = None


class DangerSignalled(Event, topic="intake.requests", key="request_id"):
    """The client pressed "I am in danger now"."""

    request_id: UUID
    specialist_id: UUID | None
    country: Country | None = None
    locale: Locale | None = None


class SafetyConcernRaised(Event, topic="intake.requests", key="request_id"):
    """The specialist fears for the client; ticked boxes, no words."""

    request_id: UUID
    specialist_id: UUID
    signs: tuple[DangerSign, ...]


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
    """What was agreed will not take place, or what was recorded as held had not."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    number: Annotated[int, Meta(ge=1)]
    version: Version
    because: Annotated[
        CalledOff | None, Meta(description="How the work ended to which it belonged; null where it goes on.")
    ] = None


class SessionMoved(Event, topic="intake.requests", key="request_id"):
    """A session was agreed for another moment."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    starts_at: Moment
    number: Annotated[int, Meta(ge=1)]


class SessionMissed(Event, topic="intake.requests", key="request_id"):
    """One side did not come. A client who gave no notice in time has had the session: `SessionHeld` says so (D8)."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    number: Annotated[int, Meta(ge=1)]
    absent: Literal["client", "specialist"]


class SessionDisputed(Event, topic="intake.requests", key="request_id"):
    """One side says that what the other confirmed did not take place (D8)."""

    request_id: UUID
    specialist_id: UUID
    session_id: UUID
    number: Annotated[int, Meta(ge=1)]
    by: Literal["client", "specialist"]


class SessionPurchased(Event, topic="intake.requests", key="request_id"):
    """The client paid for the n-th session of an engagement; the second is what retention asks for."""

    request_id: UUID
    specialist_id: UUID
    number: Annotated[int, Meta(ge=1)]


class PurchaseVoided(Event, topic="intake.requests", key="request_id"):
    """Who had said that the n-th session was paid takes it back, or says so again: the greater version is the truth."""

    request_id: UUID
    specialist_id: UUID
    number: Annotated[int, Meta(ge=1)]
    version: Version
    void: Annotated[bool, Meta(description="false: it was paid after all.")] = True


class ClientRefused(Event, topic="intake.requests", key="request_id"):
    """The specialist ended the work with a client after the first session and before a second purchase (R9, R11)."""

    request_id: UUID
    specialist_id: UUID
    reason: RefusalReason


class RefusalCameLate(Event, topic="intake.requests", key="request_id"):
    """A specialist wanted to end the work after the next session had been paid: support decides (D11)."""

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
    """Part of an earlier engagement, where sessions are told again (R3, D12). The greater version is the truth."""

    request_id: UUID
    specialist_id: UUID
    into_request_id: UUID
    version: Version
    merged: bool


class SpecialistJoined(Event, topic="intake.specialists", key="specialist_id"):
    """A specialist may now take requests from the feed."""

    specialist_id: UUID


class ProfileChanged(Event, topic="intake.specialists", key="specialist_id"):
    """A specialist changed what they say of their work."""

    specialist_id: UUID
    version: Version
    languages: tuple[Locale, ...]
    accepts_minors: bool


class DutyStarted(Event, topic="intake.specialists", key="specialist_id"):
    """A specialist is there to take requests, until then or until they say otherwise (B7)."""

    specialist_id: UUID
    until: Moment


class DutyEnded(Event, topic="intake.specialists", key="specialist_id"):
    """A specialist is no longer there."""

    specialist_id: UUID
