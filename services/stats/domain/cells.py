"""What a state is worth: a pure function from what is known of one entity to whole numbers in a specialist's counters.

What a fact changes is the worth after it less the worth before. Summed over a history these differences leave the worth
of the joined whole, so the counters, too, depend on the set of facts alone.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from libs.events.stats import Metric
from services.stats.domain.facts import Engagement, Entity, First, Gauge, Mark, Opening, Review, State
from services.stats.domain.policy import Policy

METRICS: tuple[Metric, ...] = get_args(Metric)
WAITS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.startswith("waited"))
WAIT_ENDS = tuple(4 << n for n in range(len(WAITS) - 1))  # seconds; each bucket is twice as wide as the one before
Standing = Literal["merged", "excluded", "won", "withdrawn", "lost"]
Cells = dict[Metric, int]
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


def worth(state: State | None, policy: Policy) -> Cells:
    """What an entity adds to the counters of its day; nothing before its day is known."""
    match state:
        case Engagement(opening=Opening() as opening):
            return _engagement(state, opening, policy)
        case Review(left=First(), score=score, annulment=annulment) if score:
            return {"annulled": 1} if annulment and annulment.set else {"reviews": 1, "stars": score.stars}
        case Gauge(views=views) if views:
            return {"views": views}
    return {}


def _engagement(it: Engagement, opening: Opening, policy: Policy) -> Cells:
    held = [session.at for session in it.sessions.values() if session.held]
    merged = marked(it.merge)
    early = not held and withdrawn_early(it, opening)
    stands = standing(it, won=bool(held), merged=merged, early=early)
    cells: Cells = {stands: 1}
    if opening.one_off and stands in {"won", "lost"}:
        cells["one_off"] = 1
    if not merged and not early:
        cells |= _product(it, won=bool(held), policy=policy)
    if held and not merged:
        cells |= _returned(it, opening, held=len(held), refused=refused(it, since=min(held)))
    return cells | _promise(it, opening, pardoned=not held and (merged or early or struck(it)))


def standing(it: Engagement, *, won: bool, merged: bool, early: bool) -> Standing:
    """Where an engagement stands in the conversion; silence and long thinking are lost like any other end (R6, R8)."""
    if merged:
        return "merged"
    if struck(it, "conversion"):
        return "excluded"
    if won:
        return "won"
    return "withdrawn" if early else "lost"


def struck(it: Engagement, figure: Literal["conversion", "effectiveness"] | None = None) -> bool:
    """Whether support's decision takes the engagement out of a figure, or out of any."""
    ruling = it.ruling
    return ruling is not None and ruling.excluded and (figure is None or ruling.scope in {"pre_session", figure})


def withdrawn_early(it: Engagement, opening: Opening) -> bool:
    """Whether the client left before an answer was even due."""
    gone = it.withdrawal
    return gone is not None and gone.at < opening.reply_due and (it.reply is None or gone.at < it.reply.at)


def refused(it: Engagement, *, since: datetime) -> bool:
    """Whether the specialist ended the work after session 1 and before purchase 2: by time, not by arrival (R11)."""
    if it.refusal is None or it.refusal.at < since:
        return False
    return it.purchase is None or it.refusal < it.purchase


def _product(it: Engagement, *, won: bool, policy: Policy) -> Cells:
    """The path from a view to a session; some grounds say that the view was none either (D14)."""
    if struck(it, "effectiveness"):
        return {"unviewed": 1} if it.ruling and it.ruling.ground in policy.views_leave else {}
    return {"contacts": 1, "gained": 1} if won else {"contacts": 1}


def _returned(it: Engagement, opening: Opening, *, held: int, refused: bool) -> Cells:
    """A client who met the specialist came back or not; a refusal takes the question away, never the win (D1, R13)."""
    if refused:
        return {"refused": 1}
    if opening.one_off:
        return {}
    return {"kept" if it.purchase else "gone": 1, "sessions": held}


def _promise(it: Engagement, opening: Opening, *, pardoned: bool) -> Cells:
    """The reply promise: an exclusion forgives a breach and never takes a promise kept."""
    if it.reply is None:
        return {"forgiven" if pardoned else "unanswered": 1}
    seconds = (it.reply.at - opening.at).total_seconds()
    waited = WAITS[bisect_left(WAIT_ENDS, seconds)]
    kept = it.reply.at <= opening.reply_due
    return {"in_time" if kept else "forgiven" if pardoned else "late": 1, waited: 1}


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


def marked(mark: Mark | None) -> bool:
    """Whether a mark is set; one never heard of is not, so to hear that it is not set decides nothing."""
    return mark is not None and mark.set


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
