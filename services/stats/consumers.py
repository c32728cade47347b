"""What stats hears, and how it joins a batch of it into one state per engagement."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.consumers import because_of
from libs.bus.outbox import prepare, publish_prepared
from libs.events import Envelope, Event
from libs.events.intake import RequestAccepted, SessionHeld, SessionVoided
from libs.events.support import ExclusionDecided
from services.stats import commands
from services.stats.domain import NO_SESSIONS, Key, Opening, Ruling, Session, State, join


def opened(envelope: Envelope, said: RequestAccepted) -> State:
    """An engagement begins with the press that won."""
    return State(Opening(said.at, envelope.id, said.one_off))


def held(envelope: Envelope, said: SessionHeld) -> State:
    """A session took place."""
    return State(None, {said.session_id: Session(said.version, envelope.id, True)})


def voided(envelope: Envelope, said: SessionVoided) -> State:
    """A session had not taken place after all."""
    return State(None, {said.session_id: Session(said.version, envelope.id, False)})


def ruled(envelope: Envelope, said: ExclusionDecided) -> State:
    """Support struck the engagement from the record, or put it back."""
    return State(None, NO_SESSIONS, Ruling(said.version, envelope.id, said.excluded, said.decision_id))


HEARD: dict[type[Event], Callable[[Envelope, Any], State]] = {
    RequestAccepted: opened,
    SessionHeld: held,
    SessionVoided: voided,
    ExclusionDecided: ruled,
}


@dataclass(frozen=True)
class Folded:
    """A batch, joined: what is new of each engagement, and the decisions among it, which may be cited as causes."""

    facts: dict[Key, State]
    decisions: dict[UUID, Envelope]


class ConversionProjection:
    """Conversion to the first session: a function of the set of facts heard, whatever their order."""

    name = "stats.conversion"
    events: frozenset[type[Event]] = frozenset(HEARD)

    def fold(self, batch: Iterable[Envelope]) -> Folded:
        """Join the facts of each engagement; here a repetition is already no news."""
        facts: dict[Key, State] = {}
        decisions: dict[UUID, Envelope] = {}
        for envelope in batch:
            said: Any = envelope.data
            key = Key(said.request_id, said.specialist_id, said.tenant)
            fact = HEARD[type(said)](envelope, said)
            known = facts.setdefault(key, fact)
            if known is not fact:
                facts[key] = join(known, fact)
            if fact.ruling:
                decisions[envelope.id] = envelope
        return Folded(facts, decisions)

    async def apply(self, tx: AsyncSession, folded: Folded) -> None:
        """Let the facts take effect, and say of the past what is no longer so."""
        rows = []
        for event_id, restated in await commands.record(tx, folded.facts):
            with because_of(folded.decisions[event_id]):
                rows.append(prepare(restated))
        await publish_prepared(tx, rows)


conversion = ConversionProjection()
