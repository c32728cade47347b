"""Random facts, possible or not, for the algebra of states, and random histories, possible ones, for the figures."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any, get_args
from uuid import UUID

from hypothesis import strategies as st

from libs.events.support import Ground
from services.stats.domain import (
    HOUSE,
    NOTHING,
    Cells,
    Engagement,
    First,
    Gauge,
    Kind,
    Mark,
    Opening,
    Review,
    Ruling,
    Score,
    Session,
    utc_day,
    worth,
)

BEGUN = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
DUE = timedelta(seconds=30)
INSTANT = timedelta(microseconds=1)
AS_OF = date(2026, 5, 2)
SHIFTS = (-timedelta(days=1), timedelta(0), DUE - INSTANT, DUE, DUE + INSTANT, timedelta(days=2))
Batches = list[list[Any]]
Days = list[tuple[date, Cells]]

moments = st.sampled_from([BEGUN + shift for shift in SHIFTS])
versions = st.integers(1, 3)
decisions = st.integers(60, 63).map(lambda n: UUID(int=n))
grounds = st.sampled_from(get_args(Ground))
scopes = st.sampled_from(["pre_session", "conversion", "effectiveness"])


def once(name: str, it: First) -> Engagement:
    """News of something that happens once."""
    registers: dict[str, Any] = {name: it}
    return Engagement(**registers)


def engagement_fact(event_id: UUID) -> st.SearchStrategy[Engagement]:
    """One event's news of an engagement."""
    own = st.just(event_id)
    opening = st.builds(Opening, moments, own, st.booleans(), moments).map(lambda it: Engagement(opening=it))
    session = st.builds(Session, versions, own, st.booleans(), moments)
    which = st.sampled_from([UUID(int=50), UUID(int=51)])
    ruling = st.builds(Ruling, versions, own, st.booleans(), decisions, grounds, scopes)
    names = st.sampled_from(["reply", "purchase", "refusal", "withdrawal", "release"])
    single = st.builds(once, names, st.builds(First, moments, own))
    return st.one_of(
        opening, opening, single, single,
        st.dictionaries(which, session, min_size=1, max_size=1).map(lambda it: Engagement(sessions=it)),
        ruling.map(lambda it: Engagement(ruling=it)),
        st.builds(Mark, versions, own, st.booleans()).map(lambda it: Engagement(merge=it)),
        st.builds(Mark, versions, own, st.booleans()).map(lambda it: Engagement(unpaid=it)),
    )  # fmt: skip


def review_fact(event_id: UUID) -> st.SearchStrategy[Review]:
    """One event's news of a review."""
    own = st.just(event_id)
    left, score = st.builds(First, moments, own), st.builds(Score, versions, own, st.integers(1, 5))
    mark = st.builds(Mark, versions, own, st.booleans())
    return st.builds(Review, left, score) | mark.map(lambda it: Review(annulment=it))


def gauge_fact(event_id: UUID) -> st.SearchStrategy[Gauge]:
    """One telling of a day's count."""
    return st.builds(Gauge, st.just(BEGUN.date()), st.integers(0, 3), st.just(event_id))


EVENTS = [UUID(int=n) for n in range(1, 9)]
FACTS: dict[str, Any] = {
    kind: {id: told(id) for id in EVENTS}
    for kind, told in {"engagement": engagement_fact, "review": review_fact, "gauge": gauge_fact}.items()
}


@st.composite
def facts(draw, kind: Kind) -> list[Any]:
    """Distinct facts about one entity, each of an event of its own, with many ties of moment and version."""
    return [draw(FACTS[kind][event_id]) for event_id in draw(st.lists(st.sampled_from(EVENTS), unique=True))]


def join(before: Any, fact: Any) -> Any:
    """What was known, and the fact; of a gauge nobody has heard of, nothing is known."""
    return fact if before is None else before.join(fact)


def joined(kind: Kind, known: list[Any]) -> Any:
    """All of some facts."""
    return reduce(join, known, NOTHING[kind])


@st.composite
def states(draw, kind: Kind, how_many: int) -> list[Any]:
    """Several states that were told overlapping parts, none of them empty, of the same facts."""
    known = draw(facts(kind).filter(bool))
    return [joined(kind, draw(st.lists(st.sampled_from(known), min_size=1))) for _ in range(how_many)]


@st.composite
def tellings(draw, kind: Kind) -> tuple[list[Any], Batches]:
    """Facts, and a telling of them in any order and in any batches, some of them again."""
    known = draw(facts(kind))
    again = draw(st.lists(st.sampled_from(known), max_size=4)) if known else []
    told, batches = draw(st.permutations(known + again)), []
    while told:
        size = draw(st.integers(1, len(told)))
        batches.append(told[:size])
        told = told[size:]
    return known, batches


@st.composite
def engagements(draw, ages: st.SearchStrategy[int]) -> Engagement:
    """An engagement as it goes in life, begun so many days ago: no decision of support's stands, and no refusal."""
    begun = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC) - timedelta(days=draw(ages))
    after = [begun + timedelta(seconds=s) for s in (8, 30, 31, 86_400)]
    back = Ruling(1, UUID(int=9), False, UUID(int=60), "spam", "pre_session")
    merged = Mark(1, UUID(int=24), draw(st.sampled_from([False, False, False, True])))
    held = draw(st.lists(st.sampled_from([1, 2, 9]), max_size=2, unique=True)) if draw(st.booleans()) else []
    sessions = {UUID(int=50 + n): Session(1, UUID(int=n), True, begun + timedelta(days=n)) for n in held}

    def perhaps(event: int, *moments: datetime) -> First | None:
        at = draw(st.sampled_from([None, *moments]))
        return at and First(at, UUID(int=event))

    return Engagement(
        opening=Opening(begun, UUID(int=20), draw(st.booleans()), begun + DUE), reply=perhaps(21, *after),
        sessions=sessions, purchase=perhaps(22, begun + timedelta(days=4)) if sessions else None,
        withdrawal=perhaps(23, *after), ruling=draw(st.sampled_from([None, back])), merge=merged,
    )  # fmt: skip


lately = st.one_of(st.integers(0, 16), st.integers(0, 100))
lives = st.lists(engagements(lately), min_size=1, max_size=8)


days = lately.map(lambda age: AS_OF - timedelta(days=age))
views = st.fixed_dictionaries({"views": st.integers(1, 12)})
reviews = st.fixed_dictionaries({"reviews": st.just(1), "stars": st.integers(1, 5)})
surroundings = st.lists(st.tuples(days, views | reviews), max_size=6)


def came_to(known: list[Engagement]) -> Days:
    """What engagements count on their days."""
    return [(utc_day(it.opening.at), worth(it, HOUSE)) for it in known if it.opening]
