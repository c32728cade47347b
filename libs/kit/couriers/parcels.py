"""What a courier carries, and what can become of it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, Protocol
from unicodedata import category
from uuid import UUID

Kind = Literal["sms", "mail"]
LONGEST: Final = 4000  # characters; many times what any notification needs
LONGEST_LINE: Final = 320


class ParcelMalformed(ValueError):
    """This cannot be an address, a subject or a text; what it says is not repeated here."""


@dataclass(frozen=True)
class Parcel:
    """A text on its way to somebody. Its id stays the same however often it is handed over; its words are not shown."""

    id: UUID
    kind: Kind
    to: str = field(repr=False)
    text: str = field(repr=False)
    subject: str = field(repr=False, default="")

    def __post_init__(self) -> None:
        """A line end in an address or a subject would begin another header."""
        if not _one_line(self.to) or not self.to or not _one_line(self.subject):
            raise ParcelMalformed("an address or a subject is not one short line")
        if not 0 < len(self.text) <= LONGEST:
            raise ParcelMalformed("a text is empty or too long")


@dataclass(frozen=True)
class Outcome:
    """What became of a parcel; `why` is a word of ours, never what a server said, which might repeat the address."""

    kind: Literal["delivered", "later", "refused"]
    why: str = ""
    after: timedelta | None = None


class Courier(Protocol):
    """Takes a parcel to its addressee. Handed the same id twice, the addressee should see it once."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """What became of it; raises nothing for what a server or a network does."""
        ...


DELIVERED: Final = Outcome("delivered")


def later(why: str, *, after: timedelta | None = None) -> Outcome:
    """It may succeed another time, at the earliest after this."""
    return Outcome("later", why, after)


def refused(why: str) -> Outcome:
    """It will never succeed."""
    return Outcome("refused", why)


def _one_line(words: str) -> bool:
    return len(words) <= LONGEST_LINE and not any(category(each) in {"Cc", "Zl", "Zp"} for each in words)
