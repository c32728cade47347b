"""What stats hears, and how it joins a batch of it into one state per entity."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from libs.bus.consumers import Generation, because_of
from libs.bus.outbox import prepare, publish_prepared
from libs.events import Envelope, Event
from libs.events.chat import FirstReplySent, ProblemReopened, ProblemSolved
from libs.events.intake import (
    ClientReached,
    ClientRefused,
    EngagementMerged,
    PurchaseVoided,
    Release,
    RequestAccepted,
    RequestReleased,
    RequestWithdrawn,
    SessionHeld,
    SessionPurchased,
    SessionVoided,
)
from libs.events.partners import ProfileViewsCounted, ReviewChanged, ReviewLeft
from libs.events.support import ExclusionDecided
from services.stats import commands, queries
from services.stats.domain import (
    Engagement,
    Entity,
    First,
    Gauge,
    Mark,
    Opening,
    Review,
    Ruling,
    Score,
    Session,
    State,
)

GAUGES = UUID("7d1f1d3c-6f0e-4d5a-9d4e-1a5f0c1f7a10")  # the name space of days and sources
SECOND = 2
NOBODYS_FAULT: frozenset[Release] = frozenset({"handed_over", "referred", "unreachable"})
Fact = tuple[Entity, State] | None


def engagement(said: Any, fact: Engagement) -> Fact:
    """A fact about one specialist's work with one request."""
    return Entity("engagement", said.request_id, said.specialist_id, said.tenant), fact


def opened(envelope: Envelope, said: RequestAccepted) -> Fact:
    """An engagement begins with the press that won."""
    return engagement(said, Engagement(opening=Opening(said.at, envelope.id, said.one_off, said.reply_due)))


def replied(envelope: Envelope, said: FirstReplySent) -> Fact:
    """The first message; a conversation has the id of its request."""
    entity = Entity("engagement", said.conversation_id, said.specialist_id, said.tenant)
    return entity, Engagement(reply=First(said.at, envelope.id))


def reached(envelope: Envelope, said: ClientReached) -> Fact:
    """For who asked to be called, the call is the answer."""
    return engagement(said, Engagement(reply=First(said.at, envelope.id)))


def held(envelope: Envelope, said: SessionHeld) -> Fact:
    """A session took place."""
    return engagement(said, Engagement(sessions={said.session_id: Session(said.version, envelope.id, True, said.at)}))


def voided(envelope: Envelope, said: SessionVoided) -> Fact:
    """A session had not taken place after all."""
    return engagement(said, Engagement(sessions={said.session_id: Session(said.version, envelope.id, False, said.at)}))


def purchased(envelope: Envelope, said: SessionPurchased) -> Fact:
    """Only the second purchase says that a client came back."""
    return engagement(said, Engagement(purchase=First(said.at, envelope.id))) if said.number >= SECOND else None


def unpaid(envelope: Envelope, said: PurchaseVoided) -> Fact:
    """The second purchase was none, or was one after all."""
    mark = Mark(said.version, envelope.id, said.void)
    return engagement(said, Engagement(unpaid=mark)) if said.number == SECOND else None


def refused(envelope: Envelope, said: ClientRefused) -> Fact:
    """The specialist ended the work."""
    return engagement(said, Engagement(refusal=First(said.at, envelope.id)))


def withdrawn(envelope: Envelope, said: RequestWithdrawn) -> Fact:
    """The client took the request back from a specialist; before anyone had won it, it is no engagement."""
    return engagement(said, Engagement(withdrawal=First(said.at, envelope.id))) if said.specialist_id else None


def released(envelope: Envelope, said: RequestReleased) -> Fact:
    """The work ended in a way that is nobody's fault (D5); a silence is known already, by no reply being there."""
    return engagement(said, Engagement(release=First(said.at, envelope.id))) if said.reason in NOBODYS_FAULT else None


def merged(envelope: Envelope, said: EngagementMerged) -> Fact:
    """The engagement is part of another, or is not after all."""
    return engagement(said, Engagement(merge=Mark(said.version, envelope.id, said.merged)))


def ruled(envelope: Envelope, said: ExclusionDecided) -> Fact:
    """Support struck the engagement from the record, or put it back."""
    ruling = Ruling(said.version, envelope.id, said.excluded, said.decision_id, said.ground, said.scope)
    return engagement(said, Engagement(ruling=ruling))


def reviewed(envelope: Envelope, said: ReviewLeft | ReviewChanged) -> Fact:
    """A review, or a change of mind, from which one may learn of the review first."""
    fact = Review(left=First(said.at, envelope.id), score=Score(said.version, envelope.id, said.stars))
    return Entity("review", said.review_id, said.specialist_id, said.tenant), fact


def annulled(envelope: Envelope, said: ProblemSolved | ProblemReopened) -> Fact:
    """The review's author says that it counts no longer, or that it does (P12, P13)."""
    mark = Mark(said.version, envelope.id, isinstance(said, ProblemSolved))
    return Entity("review", said.review_id, said.specialist_id, said.tenant), Review(annulment=mark)


def viewed(envelope: Envelope, said: ProfileViewsCounted) -> Fact:
    """One source's count of a day's views, until now."""
    id = uuid5(GAUGES, f"{said.day} {said.source}")
    return Entity("gauge", id, said.specialist_id, said.tenant), Gauge(said.day, said.views, envelope.id)


HEARD: dict[type[Event], Callable[[Envelope, Any], Fact]] = {
    RequestAccepted: opened, FirstReplySent: replied, ClientReached: reached, SessionHeld: held, SessionVoided: voided,
    SessionPurchased: purchased, PurchaseVoided: unpaid, ClientRefused: refused, RequestWithdrawn: withdrawn,
    RequestReleased: released, EngagementMerged: merged, ExclusionDecided: ruled, ReviewLeft: reviewed, ReviewChanged:
    reviewed, ProblemSolved: annulled, ProblemReopened: annulled, ProfileViewsCounted: viewed,
}  # fmt: skip
DECISIONS = (ExclusionDecided, EngagementMerged, ProblemSolved, ProblemReopened)


@dataclass(frozen=True)
class Folded:
    """A batch, joined: what is new of each entity, and the decisions among it, which may be cited as causes."""

    facts: dict[Entity, State]
    decisions: dict[UUID, Envelope]


class FiguresProjection:
    """The counters of all figures: a function of the set of facts heard, whatever their order."""

    events: frozenset[type[Event]] = frozenset(HEARD)
    most = 20_000

    def __init__(self, generation: int) -> None:
        self.name, self._generation = queries.subscriber(generation), generation

    def fold(self, batch: Iterable[Envelope]) -> Folded:
        """Join the facts of each entity; here a repetition is already no news."""
        facts: dict[Entity, State] = {}
        decisions: dict[UUID, Envelope] = {}
        for envelope in batch:
            said: Any = envelope.data
            if (fact := HEARD[type(said)](envelope, said)) is None:
                continue
            entity, state = fact
            known: Any = facts.get(entity)
            facts[entity] = state if known is None else known.join(state)
            if isinstance(said, DECISIONS):
                decisions[envelope.id] = envelope
        return Folded(facts, decisions)

    async def apply(self, tx: AsyncSession, folded: Folded) -> None:
        """Let the facts take effect; only the live generation says of the past what is no longer so."""
        build = await queries.build(tx, self._generation)
        told = await commands.record(tx, folded.facts, generation=self._generation, policy=build.policy)
        rows = []
        for event_id, restated in told if build.live else ():
            with because_of(folded.decisions[event_id]):
                rows.append(prepare(restated))
        await publish_prepared(tx, rows)


class Figures:
    """The projection in its generations: the live one, and beside it perhaps one that is being built."""

    name = queries.NAME

    async def generations(self, engine: AsyncEngine) -> Sequence[Generation]:
        """Those that hear: the live one, and the one being built."""
        return [Generation(number, live) for number, live in await queries.builds(engine)]

    def generation(self, number: int) -> FiguresProjection:
        """One of them."""
        return FiguresProjection(number)


figures = Figures()
