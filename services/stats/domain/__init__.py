"""What an engagement came to and what that is worth in figures: facts join in any order, and the past may be rewritten.

The state of an engagement is a product of registers that only move forward, so joining facts is commutative,
associative and idempotent. Its contribution to the counters is a pure function of that state; what a fact changes is
the contribution after it less the contribution before. Summed over a history these differences leave the contribution
of the joined whole: the counters depend on the set of facts, not on their order, repetition or batches.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, NamedTuple
from uuid import UUID

from libs.kit.errors import Invalid, NotFound

Metric = Literal["won", "lost", "excluded"]
METRICS: tuple[Metric, ...] = ("won", "lost", "excluded")
Cells = dict[tuple[date, Metric], int]

NOT_YET = "not enough data yet"
LONGEST_WINDOW_DAYS = 3660


class Opening(NamedTuple):
    """A specialist won a request. The earliest telling holds, so a later fact never moves a cohort forward."""

    at: datetime
    event_id: UUID
    one_off: bool


class Session(NamedTuple):
    """Whether a session took place: the greatest version is the truth, a tie goes to the greater event id."""

    version: int
    event_id: UUID
    held: bool


class Ruling(NamedTuple):
    """Whether support struck the engagement from the record; a register like that of a session (D13)."""

    version: int
    event_id: UUID
    excluded: bool
    decision_id: UUID


class Key(NamedTuple):
    """Which engagement: one specialist's, with one request."""

    request_id: UUID
    specialist_id: UUID
    tenant: str


NO_SESSIONS: Mapping[UUID, Session] = MappingProxyType({})


class State(NamedTuple):
    """All that is known of one engagement; with nothing known it is the neutral element of `join`."""

    opening: Opening | None = None
    sessions: Mapping[UUID, Session] = NO_SESSIONS
    ruling: Ruling | None = None


class Engagement(NamedTuple):
    """As much of a state as the figures look at: an engagement not yet opened counts nowhere."""

    opened_at: datetime | None
    held: int
    excluded: bool


class Move(NamedTuple):
    """An engagement went from one to the other, and what made it so."""

    key: Key
    before: Engagement
    after: Engagement
    event_id: UUID
    decision_id: UUID | None


class Day(NamedTuple):
    """One specialist's cohort day."""

    specialist_id: UUID
    tenant: str
    day: date


class Restatement(NamedTuple):
    """A decision changed what a day that is over had come to."""

    day: Day
    event_id: UUID
    decision_id: UUID
    won: int
    lost: int


class Counts(NamedTuple):
    """Of the engagements that count, those that led to a first session and those that did not."""

    won: int
    lost: int

    def plus(self, won: int, lost: int) -> "Counts":
        """The counts after a change."""
        return Counts(self.won + won, self.lost + lost)


class Entry(NamedTuple):
    """A line of the journal: one counter changed by so much, because of this event and this decision."""

    request_id: UUID
    specialist_id: UUID
    tenant: str
    day: date
    metric: Metric
    delta: int
    event_id: UUID
    decision_id: UUID | None


@dataclass(frozen=True)
class Conversion:
    """How many engagements of some days led to a first session. What support excluded never counted (R5)."""

    won: int = 0
    lost: int = 0
    excluded: int = 0

    @property
    def estimate(self) -> Fraction | None:
        """The share won of what counts; None while nothing does."""
        counted = self.won + self.lost
        return Fraction(self.won, counted) if counted else None

    @property
    def words(self) -> str:
        """The figure as one would say it. It gives the numbers and judges nobody (R17)."""
        counted = self.won + self.lost
        return f"{self.won} of {counted} requests led to a first session" if counted else NOT_YET


class SpecialistUnknown(NotFound):
    """There is no specialist here whose figures you may see."""


class BackwardWindow(Invalid):
    """The window ends before it begins: `from` must not be later than `to`."""


class WindowTooLong(Invalid):
    """The window is longer than ten years: ask for less at once."""


@dataclass(frozen=True)
class Window:
    """Cohort days, the first and the last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """A window that cannot be answered does not come to be."""
        if self.first > self.last:
            raise BackwardWindow
        if (self.last - self.first).days >= LONGEST_WINDOW_DAYS:
            raise WindowTooLong


@dataclass(frozen=True)
class Span:
    """Moments of knowledge, the first and the last included."""

    first: datetime
    last: datetime

    def __post_init__(self) -> None:
        """A span that cannot be answered does not come to be."""
        if self.first > self.last:
            raise BackwardWindow


def join(one: State, other: State) -> State:
    """All that either state knows."""
    openings = [state.opening for state in (one, other) if state.opening is not None]
    rulings = [state.ruling for state in (one, other) if state.ruling is not None]
    sessions = dict(one.sessions)
    for session_id, session in other.sessions.items():
        sessions[session_id] = max(session, sessions.get(session_id, session))
    return State(min(openings, default=None), sessions, max(rulings, default=None))


def engagement(state: State) -> Engagement:
    """What the figures see of a state."""
    return Engagement(
        opened_at=state.opening and state.opening.at,
        held=sum(session.held for session in state.sessions.values()),
        excluded=state.ruling is not None and state.ruling.excluded,
    )


def standing(seen: Engagement) -> Metric:
    """Silence and long thinking are lost like any other end (R6, R8); only a decision takes an engagement out."""
    if seen.excluded:
        return "excluded"
    return "won" if seen.held else "lost"


def contribution(seen: Engagement) -> Cells:
    """The counters of its specialist an engagement stands in, each with what it adds there."""
    if seen.opened_at is None:
        return {}
    return {(cohort_day(seen.opened_at), standing(seen)): 1}


def change(before: Engagement, after: Engagement) -> Cells:
    """What must be added to the counters when an engagement goes from one to the other."""
    was, now = contribution(before), contribution(after)
    return {} if was == now else now | dict.fromkeys(was, -1)


def move(key: Key, before: Engagement, after: Engagement, facts: State, decision_id: UUID | None) -> Move:
    """What `facts`, just joined, did; a decision is named wherever an engagement leaves the record or is out of it."""
    decided = before.excluded or after.excluded
    return Move(key, before, after, cause(before, after, facts), decision_id if decided else None)


def cause(before: Engagement, after: Engagement, facts: State) -> UUID:
    """The event that weighs most among those that arrived together."""
    if facts.ruling and before.excluded != after.excluded:
        return facts.ruling.event_id
    if facts.opening and before.opened_at != after.opened_at:
        return facts.opening.event_id
    return max(session.event_id for session in facts.sessions.values())


def entries(moved: Move) -> list[Entry]:
    """The lines that a move adds to the journal; none if no counter noticed."""
    return [
        Entry(*moved.key, day, metric, delta, moved.event_id, moved.decision_id)
        for (day, metric), delta in change(moved.before, moved.after).items()
    ]


def restatements(moves: Iterable[Move], *, today: date) -> Iterator[Restatement]:
    """What decisions changed of days that are over. A day that still runs is not restated: it was never final."""
    for moved in moves:
        if moved.decision_id is None or moved.before.excluded == moved.after.excluded:
            continue
        cells = change(moved.before, moved.after)
        for day in {day for day, _ in cells if day < today}:
            won, lost = cells.get((day, "won"), 0), cells.get((day, "lost"), 0)
            if won or lost:
                of = Day(moved.key.specialist_id, moved.key.tenant, day)
                yield Restatement(of, moved.event_id, moved.decision_id, won, lost)


def in_turn(
    restated: Sequence[Restatement], counted: Mapping[Day, Counts]
) -> Iterator[tuple[Restatement, Counts, Counts]]:
    """Each restatement with the counts before and after it, so that together they lead up to what is `counted` now."""
    current = dict(counted)
    for it in restated:
        current[it.day] = current[it.day].plus(-it.won, -it.lost)
    for it in restated:
        before, current[it.day] = current[it.day], current[it.day].plus(it.won, it.lost)
        yield it, before, current[it.day]


def cohort_day(opened_at: datetime) -> date:
    """The UTC day an engagement belongs to for good."""
    return opened_at.astimezone(UTC).date()
