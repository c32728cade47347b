"""What is known of an engagement, a review and a view gauge, and how it joins with what is heard next.

Each register of a state moves one way only: the first of several moments, the greatest of several versions, the most of
several counts. Joining is therefore commutative, associative and idempotent, and a state depends on the set of facts
that were joined to it, not on their order, repetition or batches.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple, Self, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.json import Decoder

from libs.events.support import Ground, Scope

Kind = Literal["engagement", "review", "gauge"]
Register = TypeVar("Register", bound=tuple[Any, ...])


class Entity(NamedTuple):
    """Whose state it is: one specialist's engagement with one request, one review, or one day's count of views."""

    kind: Kind
    id: UUID
    specialist_id: UUID
    tenant: str


class First(NamedTuple):
    """Something that happens once; of several tellings the earliest holds."""

    at: datetime
    event_id: UUID


class Opening(NamedTuple):
    """A specialist won a request. The earliest telling holds, so a later fact never moves a cohort forward."""

    at: datetime
    event_id: UUID
    one_off: bool
    reply_due: datetime


class Session(NamedTuple):
    """Whether a session took place: the greatest version is the truth, a tie goes to the greater event id."""

    version: int
    event_id: UUID
    held: bool
    at: datetime


class Ruling(NamedTuple):
    """Whether support struck the engagement from the record; a register like that of a session (D13)."""

    version: int
    event_id: UUID
    excluded: bool
    decision_id: UUID
    ground: Ground
    scope: Scope


class Mark(NamedTuple):
    """A versioned yes or no: merged into another engagement, annulled by its author, not paid after all."""

    version: int
    event_id: UUID
    set: bool


class Score(NamedTuple):
    """How many stars a review gives."""

    version: int
    event_id: UUID
    stars: int


class Engagement(Struct, frozen=True, omit_defaults=True, gc=False):
    """All that is known of one engagement; with nothing known it is the neutral element."""

    opening: Opening | None = None
    reply: First | None = None
    sessions: dict[UUID, Session] = {}
    purchase: First | None = None
    refusal: First | None = None
    withdrawal: First | None = None
    release: First | None = None
    ruling: Ruling | None = None
    merge: Mark | None = None
    unpaid: Mark | None = None

    @property
    def day(self) -> date | None:
        """The UTC day on which it began, to which it belongs for good."""
        return utc_day(self.opening.at) if self.opening else None

    @property
    def bought(self) -> First | None:
        """The second purchase, unless it was taken back."""
        return None if self.unpaid is not None and self.unpaid.set else self.purchase

    def join(self, other: Self) -> Self:
        """All that either knows."""
        return type(self)(
            opening=first(self.opening, other.opening),
            reply=first(self.reply, other.reply),
            sessions=_sessions(self.sessions, other.sessions),
            purchase=first(self.purchase, other.purchase),
            refusal=first(self.refusal, other.refusal),
            withdrawal=first(self.withdrawal, other.withdrawal),
            release=first(self.release, other.release),
            ruling=last(self.ruling, other.ruling),
            merge=last(self.merge, other.merge),
            unpaid=last(self.unpaid, other.unpaid),
        )

    def cause(self, before: Self) -> UUID:
        """The event that weighs most among those that made this of what was before."""
        was = {it.event_id for it in before.sessions.values()}
        for name in ("ruling", "merge", "opening", "refusal", "release", "withdrawal", "unpaid", "purchase", "reply"):
            register = getattr(self, name)
            if register is not None and register != getattr(before, name):
                return register.event_id  # type: ignore[no-any-return]
        return max(it.event_id for it in self.sessions.values() if it.event_id not in was)


class Review(Struct, frozen=True, omit_defaults=True, gc=False):
    """All that is known of one review: when it was left, what it gives, and whether its author annulled it (P12)."""

    left: First | None = None
    score: Score | None = None
    annulment: Mark | None = None

    @property
    def day(self) -> date | None:
        """The UTC day on which it was left."""
        return utc_day(self.left.at) if self.left else None

    def join(self, other: Self) -> Self:
        """All that either knows."""
        return type(self)(
            left=first(self.left, other.left),
            score=last(self.score, other.score),
            annulment=last(self.annulment, other.annulment),
        )

    def cause(self, before: Self) -> UUID:
        """The event that weighs most among those that made this of what was before."""
        for name in ("annulment", "score", "left"):
            register = getattr(self, name)
            if register is not None and register != getattr(before, name):
                return register.event_id  # type: ignore[no-any-return]
        raise ValueError("nothing happened")


class Gauge(Struct, frozen=True, gc=False):
    """How often a profile was seen on a day, by one source's count, which only grows: the most is all."""

    day: date
    views: int
    event_id: UUID

    def join(self, other: Self) -> Self:
        """All that either knows."""
        return max(self, other, key=lambda it: (it.views, it.event_id))

    def cause(self, _: "Gauge | None") -> UUID:
        """The event that raised the count."""
        return self.event_id


State = Engagement | Review | Gauge
NOTHING: Mapping[Kind, State | None] = {"engagement": Engagement(), "review": Review(), "gauge": None}
READ: Mapping[Kind, Decoder[Any]] = {
    "engagement": Decoder(Engagement), "review": Decoder(Review), "gauge": Decoder(Gauge),
}  # fmt: skip


def utc_day(moment: datetime) -> date:
    """The day of UTC a moment falls on."""
    return moment.astimezone(UTC).date()


def first(one: Register | None, other: Register | None) -> Register | None:
    """The smaller of two registers, by moment and then by event id."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def last(one: Register | None, other: Register | None) -> Register | None:
    """The greater of two registers, by version and then by event id."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _sessions(one: dict[UUID, Session], other: dict[UUID, Session]) -> dict[UUID, Session]:
    if not one or not other:
        return one or other
    return one | {id: max(it, one.get(id, it)) for id, it in other.items()}


def marked(mark: Mark | None) -> bool:
    """Whether a mark is set; one never heard of is not, so to hear that it is not set decides nothing."""
    return mark is not None and mark.set
