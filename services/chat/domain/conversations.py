"""Who may speak in a conversation, what a message is, and which facts it makes public."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple, Self
from unicodedata import category
from uuid import UUID

from libs.events.chat import (
    ConversationOpened,
    FarewellSent,
    FirstReplySent,
    MessageSent,
    PrivacyMode,
    Side,
    SizeBucket,
)
from libs.events.intake import RequestAccepted
from libs.kit.errors import Conflict, NotFound, TooSoon
from services.chat.domain.franking import SALT

Form = Literal["text", "card", "opaque"]
Fact = MessageSent | FirstReplySent | FarewellSent
LONGEST = 4000  # characters, as a person counts them; the rows' own limit leaves room for ciphertext
LARGEST = 16 * 1024  # bytes of a body that is not ours to understand
DIGEST = 32
_BUCKETS: tuple[tuple[int, SizeBucket], ...] = ((20, "xs"), (200, "s"), (1000, "m"))
# Spaces of every alphabet, line ends, control and format characters: what leaves the reader nothing to see.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
WHO_MAY_READ: Final[dict[str, str]] = {
    "sealed": "Only the two of you can read this. Nobody of the house can, whoever asks them to.",
    "observed": "Staff of the house may read this when a ticket gives them a reason. You both see each time they do.",
}


class ConversationUnknown(NotFound):
    """You have no such conversation. If its request was accepted just now, it opens within seconds: ask again then."""


class ConversationOver(Conflict):
    """This conversation was ended. Nobody can write in it any more; what was said can still be read."""


class TooManyMessages(TooSoon):
    """You write faster than anybody can read. Wait a few seconds."""


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A person as a conversation knows them: the side each of their roles could put them on, and no other way in."""

    tenant: str
    id: UUID
    roles: frozenset[str]
    only: UUID | None = None  # a guest, who came by a link, gets into this conversation and no other
    stay: bytes | None = None  # by which a guest's stay is known, and found to be over

    @property
    def as_client(self) -> UUID | None:
        """Their id, if they may speak as a client."""
        return self.id if "client" in self.roles else None

    @property
    def as_specialist(self) -> UUID | None:
        """Their id, if they may speak as a specialist."""
        return self.id if "specialist" in self.roles else None

    @property
    def as_clinic(self) -> UUID | None:
        """Their id, if they may speak for a clinic."""
        return self.id if "clinic" in self.roles else None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A message before it has a place: a text or card in words, or bytes with the sender's own commitment."""

    conversation_id: UUID
    client_message_id: UUID
    form: Form
    body: bytes
    commitment: bytes | None = None
    attachments: tuple[UUID, ...] = ()
    farewell: UUID | None = None  # the template whose words it is


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The place that a message has taken in its conversation."""

    conversation_id: UUID
    seq: int
    side: Side
    sender_id: UUID
    client_message_id: UUID
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a body is kept; what is sealed to one place cannot be opened at another."""

    conversation_id: UUID
    seq: int
    sender_id: UUID
    mode: PrivacyMode

    def encoded(self) -> bytes:
        """The same as bytes, which a cipher takes."""
        return f"message/v1|{self.conversation_id}|{self.seq}|{self.sender_id}|{self.mode}".encode()


@dataclass(frozen=True, kw_only=True)
class Message(Sent):
    """A message as its two sides see it; one that cannot be proved is shown without its words."""

    form: Form
    body: bytes | None
    salt: bytes | None
    commitment: bytes
    stamp: bytes
    attachments: tuple[UUID, ...]


class Contents(NamedTuple):
    """What is inside a sealed body: the salt of its proof, the digests of its pictures, and the words."""

    salt: bytes
    digests: tuple[bytes, ...]
    words: bytes

    def packed(self) -> bytes:
        """The same as bytes."""
        return self.salt + bytes([len(self.digests)]) + b"".join(self.digests) + self.words

    @classmethod
    def unpacked(cls, packed: bytes) -> Self:
        """What was packed. Raises ValueError for anything else."""
        count, begins = packed[SALT], SALT + 1
        ends = begins + count * DIGEST
        if len(packed) < ends:
            raise ValueError("this was not packed here")
        digests = tuple(packed[at : at + DIGEST] for at in range(begins, ends, DIGEST))
        return cls(packed[:SALT], digests, packed[ends:])


def opened(accepted: RequestAccepted) -> ConversationOpened:
    """The conversation that an acceptance gives its two people: sealed, whatever is decided later (R14, D2)."""
    return ConversationOpened(
        tenant=accepted.tenant, at=accepted.at, conversation_id=accepted.request_id,
        client_id=accepted.client_id, specialist_id=accepted.specialist_id, privacy_mode="sealed",
    )  # fmt: skip


def sent(message: Sent, size: int, *, tenant: str, replies: bool, takes_leave: bool = False) -> list[Fact]:
    """What the world may know of a message: that it was sent, by which side, and how long it was, roughly.

    And of two kinds of a specialist's what they were: the first reply, and a farewell that a refusal begins with.
    """
    facts: list[Fact] = [
        MessageSent(
            tenant=tenant, at=message.at, conversation_id=message.conversation_id,
            seq=message.seq, side=message.side, size=size_of(size),
        )
    ]  # fmt: skip
    who = {"conversation_id": message.conversation_id, "specialist_id": message.sender_id}
    if replies:
        facts.append(FirstReplySent(tenant=tenant, at=message.at, **who))
    if takes_leave:
        facts.append(FarewellSent(tenant=tenant, at=message.at, **who))
    return facts


def may_reply(form: Form) -> bool:
    """Whether a specialist's first message of this form keeps the promise to the client of a request (B11, D6).

    A person's own words do, and a template's that a person chose and sent: they are where a talk begins. A contact card
    has none and leads away from the site's chat. A greeting that the house words by itself opens talks about reviews,
    to whose authors nobody promised a reply.
    """
    return form != "card"


def size_of(length: int) -> SizeBucket:
    """Short or long, and no nearer: an exact length can give a message away."""
    return next((bucket for most, bucket in _BUCKETS if length <= most), "l")


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing; such a message must not pass for a reply."""
    return all(category(character) in _INVISIBLE for character in text)
