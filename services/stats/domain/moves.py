"""What a fact changes: the worth of an entity after it, less its worth before.

Summed over a history these differences leave the worth of the joined whole, so the counters, too, depend on the set of
facts alone.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple
from uuid import UUID

from services.stats.domain.cells import Cells, struck, worth
from services.stats.domain.facts import Engagement, Entity, Review, State, marked
from services.stats.domain.policy import Policy

Cause = Literal["exclusion", "merge", "annulment"]


class Move(NamedTuple):
    """An entity went from one state to another."""

    entity: Entity
    before: State | None
    after: State


class Entry(NamedTuple):
    """A line of the journal: what one event changed in the counters of one day."""

    entity: Entity
    day: date
    deltas: Cells
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
    deltas: Cells
    cause: Cause
    event_id: UUID
    decision_id: UUID | None


def change(before: State | None, after: State, policy: Policy) -> Iterator[tuple[date, Cells]]:
    """What must be added to the counters of which days when an entity goes from one state to the other."""
    was, now = worth(before, policy), worth(after, policy)
    was_day, day = before.day if before else None, after.day
    if was and was_day is not None and was_day != day:
        yield was_day, {metric: -n for metric, n in was.items()}
        was = {}
    deltas = {metric: n for metric in now | was if (n := now.get(metric, 0) - was.get(metric, 0))}
    if deltas and day is not None:
        yield day, deltas


def entries(moved: Move, policy: Policy) -> Iterator[Entry]:
    """The lines that a move adds to the journal; none if no counter noticed."""
    for day, deltas in change(moved.before, moved.after, policy):
        yield Entry(moved.entity, day, deltas, moved.after.cause(moved.before), decision(moved))  # type: ignore[arg-type]


def decision(moved: Move) -> UUID | None:
    """The decision to name wherever an engagement leaves the record, is out of it, or comes back."""
    rulings = [it.ruling for it in (moved.after, moved.before) if isinstance(it, Engagement) and it.ruling]
    return rulings[0].decision_id if any(it.excluded for it in rulings) else None


def decided(moved: Move) -> tuple[Cause, UUID] | None:
    """What kind of decision made the move, and which event told of it; None if none did."""
    match moved.before, moved.after:
        case Engagement() as before, Engagement() as after:
            if after.ruling and after.ruling != before.ruling and (struck(after) or struck(before)):
                return "exclusion", after.ruling.event_id
            if after.merge and marked(after.merge) != marked(before.merge):
                return "merge", after.merge.event_id
        case Review() as before, Review() as after:
            if after.annulment and marked(after.annulment) != marked(before.annulment):
                return "annulment", after.annulment.event_id
    return None


def restatement(moved: Move, entry: Entry, *, today: date) -> Restatement | None:
    """What a decision changed of a day that is over: a day that still runs was never final; news restates nothing."""
    cause = decided(moved)
    if cause is None or entry.day >= today or moved.before is None or moved.before.day != moved.after.day:
        return None
    day = Day(entry.entity.specialist_id, entry.entity.tenant, entry.day)
    return Restatement(day, entry.deltas, *cause, entry.decision_id)


def in_turn(restated: list[Restatement], counted: Mapping[Day, Cells]) -> Iterator[tuple[Restatement, Cells, Cells]]:
    """Each restatement with its counts before and after, so that together they lead up to what is `counted` now."""
    current = {day: dict(cells) for day, cells in counted.items()}
    for it in restated:
        _add(current[it.day], it.deltas, -1)
    for it in restated:
        before = {metric: current[it.day].get(metric, 0) for metric in it.deltas}
        _add(current[it.day], it.deltas, 1)
        yield it, before, {metric: current[it.day][metric] for metric in it.deltas}


def _add(cells: Cells, deltas: Cells, times: int) -> None:
    for metric, delta in deltas.items():
        cells[metric] = cells.get(metric, 0) + times * delta
