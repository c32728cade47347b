"""Who may speak in a conversation, what a message is, and which facts it makes public."""

from dataclasses import dataclass
from datetime import datetime
from unicodedata import category
from uuid import UUID

from libs.events.chat import ConversationOpened, FirstReplySent, MessageSent, Side, SizeBucket
from libs.events.intake import RequestAccepted
from libs.kit.errors import NotFound

LONGEST = 4000  # characters, as a person counts them; the rows' own limit leaves room for ciphertext
_BUCKETS: tuple[tuple[int, SizeBucket], ...] = ((20, "xs"), (200, "s"), (1000, "m"))
# Spaces of every alphabet, line ends, control and format characters: what leaves the reader nothing to see.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


class ConversationUnknown(NotFound):
    """You have no such conversation. If its request was accepted just now, it opens within seconds: ask again then."""


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A person as a conversation knows them: the side each of their roles could put them on, and no other way in."""

    tenant: str
    id: UUID
    roles: frozenset[str]

    @property
    def as_client(self) -> UUID | None:
        """Their id, if they may speak as a client."""
        return self.id if "client" in self.roles else None

    @property
    def as_specialist(self) -> UUID | None:
        """Their id, if they may speak as a specialist."""
        return self.id if "specialist" in self.roles else None


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """The place that a message has taken in its conversation."""

    conversation_id: UUID
    seq: int
    side: Side
    first_reply: bool


def opened(accepted: RequestAccepted) -> ConversationOpened:
    """The conversation that an acceptance gives its two people: sealed, whatever is decided later (R14, D2)."""
    return ConversationOpened(
        tenant=accepted.tenant, at=accepted.at, conversation_id=accepted.request_id,
        client_id=accepted.client_id, specialist_id=accepted.specialist_id, privacy_mode="sealed",
    )  # fmt: skip


def sent(message: Numbered, text: str, *, sender: Participant, now: datetime) -> list[MessageSent | FirstReplySent]:
    """What the world may know of a message: that it was sent, by which side, and how long it was, roughly."""
    facts: list[MessageSent | FirstReplySent] = [
        MessageSent(
            tenant=sender.tenant, at=now, conversation_id=message.conversation_id,
            seq=message.seq, side=message.side, size=size_of(text),
        )
    ]  # fmt: skip
    if message.first_reply:
        facts.append(
            FirstReplySent(
                tenant=sender.tenant, at=now, conversation_id=message.conversation_id, specialist_id=sender.id
            )
        )
    return facts


def size_of(text: str) -> SizeBucket:
    """Short or long, and no nearer: an exact length can give a message away."""
    return next((bucket for most, bucket in _BUCKETS if len(text) <= most), "l")


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing; such a message must not pass for a reply."""
    return all(category(character) in _INVISIBLE for character in text)
