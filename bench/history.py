"""Histories of specialists as they come in life: requests and what becomes of them, reviews, daily counts of views.

They end with yesterday. A request has 5.9 events on average, of which figures hear 4.9.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from libs.events import Envelope, Event, wrap
from libs.events.chat import FirstReplySent, MessageSent, ProblemSolved
from libs.events.intake import (
    ClientReached,
    ClientRefused,
    EngagementMerged,
    RequestAccepted,
    RequestWithdrawn,
    SessionHeld,
    SessionPurchased,
    SessionVoided,
)
from libs.events.partners import ProfileViewsCounted, ReviewChanged, ReviewLeft
from libs.events.support import ExclusionDecided, Ground
from libs.kit import clock

TENANT, DAYS, REQUESTS_EACH = "therapy", 90, 200
HEARD_EACH = 4.9  # events of a request that figures hear
DAY, WAIT = timedelta(days=1), timedelta(seconds=15)
GROUNDS: Sequence[Ground] = ("spam", "spam", "platform_test", "gibberish", "aggression", "accidental", "technical")
STARS = (5, 5, 5, 5, 5, 4, 4, 3, 2, 1)


class History:
    """So many requests over the last 90 days, about 200 for each specialist."""

    def __init__(self, requests: int, *, seed: int = 5) -> None:
        self.end = datetime.combine(clock.now().date(), time(), UTC)
        self.begin = self.end - DAYS * DAY
        self._requests, self._chance = requests, random.Random(seed)
        self.specialists = [self.id(self.begin) for _ in range(max(10, requests // REQUESTS_EACH))]

    @property
    def days(self) -> list[date]:
        """The days on which requests began."""
        return [(self.begin + n * DAY).date() for n in range(DAYS)]

    def __iter__(self) -> Iterator[list[Envelope]]:
        """All that is said of one request, of one review, or of one day's views; requests in the order they began."""
        for nth in range(self._requests):
            at = self.begin + DAYS * DAY * ((nth + self._chance.random()) / self._requests)
            whose = {"tenant": TENANT, "specialist_id": self._chance.choice(self.specialists)}
            yield self._told(self._request(whose, self.id(at), at))
            yield self._told(self._review(whose, at + self._within(20 * DAY)))
        for day in range(DAYS):
            for specialist_id in self.specialists:
                yield self._told(self._views(specialist_id, self.begin + day * DAY))

    def id(self, at: datetime) -> UUID:
        """An id that sorts by time, from the moment it was given."""
        return UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | self._chance.getrandbits(62))

    def _told(self, facts: Iterable[Event]) -> list[Envelope]:
        """What has happened by the end, as the bus brings it."""
        return [
            wrap(fact, id=(id := self.id(fact.at)), source="/bench", recorded=fact.at, correlation=id)
            for fact in facts
            if fact.at < self.end
        ]

    def _request(self, whose: dict[str, Any], request_id: UUID, at: datetime) -> Iterator[Event]:
        ids, replied = whose | {"request_id": request_id}, at + self._within(WAIT)
        phone, gone = self._perhaps(0.25), self._perhaps(0.04)
        yield RequestAccepted(
            **ids, at=at, client_id=request_id, kind="phone" if phone else "chat", one_off=self._perhaps(0.1),
            opened_at=at, reply_due=at + (20 if phone else 2) * WAIT,
        )  # fmt: skip
        yield MessageSent(tenant=TENANT, at=at, conversation_id=request_id, seq=1, side="client", size="s")
        if gone:
            yield RequestWithdrawn(**ids, at=at + self._within(WAIT))
        if not gone and self._perhaps(0.95):
            spoke: dict[str, Any] = {"conversation_id": request_id, **whose}
            yield ClientReached(**ids, at=replied) if phone else FirstReplySent(**spoke, at=replied)
        if not gone and self._perhaps(0.62):
            yield from self._sessions(ids, replied + self._within(3 * DAY))
        yield from self._decisions(ids, at + self._within(DAY))

    def _sessions(self, ids: dict[str, Any], at: datetime) -> Iterator[Event]:
        """The client pays and they meet, again and again until one of the two has had enough."""
        for number in range(1, 9):
            yield SessionPurchased(**ids, at=at - self._within(DAY / 4), number=number)
            session: dict[str, Any] = {**ids, "session_id": self.id(at), "number": number}
            yield SessionHeld(**session, at=at, version=1)
            if self._perhaps(0.02):
                yield SessionVoided(**session, at=at + self._within(DAY / 4), version=2)
            if number == 1 and self._perhaps(0.05):
                yield ClientRefused(**ids, at=at + self._within(DAY), reason="values")
            elif self._perhaps(0.55):
                at += DAY * self._chance.uniform(4, 10)
                continue
            return

    def _decisions(self, ids: dict[str, Any], at: datetime) -> Iterator[Event]:
        """What support makes of it: five of a hundred struck from the record, and one of those put back."""
        if self._perhaps(0.05):
            why: dict[str, Any] = {"ground": self._chance.choice(GROUNDS), "ticket_id": self.id(at)}
            yield ExclusionDecided(**ids, **why, at=at, decision_id=self.id(at), version=1, excluded=True)
            if self._perhaps(0.2):
                at += self._within(5 * DAY)
                yield ExclusionDecided(**ids, **why, at=at, decision_id=self.id(at), version=2, excluded=False)
        if self._perhaps(0.01):
            yield EngagementMerged(**ids, at=at, into_request_id=self.id(at), version=1, merged=True)

    def _review(self, whose: dict[str, Any], at: datetime) -> Iterator[Event]:
        """One client in eight says what they think; some think better of it, and some matters are settled."""
        if not self._perhaps(0.125):
            return
        review = whose | {"review_id": self.id(at)}
        yield ReviewLeft(**review, at=at, stars=self._chance.choice(STARS), version=1)
        if self._perhaps(0.1):
            yield ReviewChanged(**review, at=at + self._within(DAY), stars=5, version=2)
        if self._perhaps(0.1):
            yield ProblemSolved(**review, at=at + self._within(5 * DAY), conversation_id=self.id(at), version=1)

    def _views(self, specialist_id: UUID, day: datetime) -> Iterator[Event]:
        yield ProfileViewsCounted(
            tenant=TENANT, specialist_id=specialist_id, at=day + DAY - timedelta(seconds=1), day=day.date(),
            source="site", views=self._chance.randrange(5, 40),
        )  # fmt: skip

    def _perhaps(self, share: float) -> bool:
        """What comes about that often."""
        return self._chance.random() < share

    def _within(self, mean: timedelta) -> timedelta:
        """Some time, so long on average."""
        return mean * self._chance.expovariate(1)


def as_heard(history: Iterable[list[Envelope]], *, seed: int = 6) -> list[Envelope]:
    """In the order of time, but one event in fifty comes up to an hour late, and the others by seconds."""
    chance = random.Random(seed)

    def heard_at(envelope: Envelope) -> float:
        mean = chance.choices((1, 1800), (98, 2))[0]
        return envelope.time.timestamp() + mean * chance.expovariate(1)

    return sorted((envelope for told in history for envelope in told), key=heard_at)


def shuffled(history: Iterable[list[Envelope]], *, seed: int = 6) -> list[Envelope]:
    """In no order at all."""
    events = [envelope for told in history for envelope in told]
    random.Random(seed).shuffle(events)
    return events
