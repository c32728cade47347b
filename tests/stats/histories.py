"""Random histories of specialists: every kind of fact, possible or not, at moments that meet every boundary."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args
from uuid import UUID

from libs.events import Envelope, Event, wrap
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
from libs.events.partners import ProfileViewsCounted, ReviewChanged, ReviewLeft, Source
from libs.events.support import ExclusionDecided, Ground

FIRST = datetime(2026, 2, 1, tzinfo=UTC)
DAYS = 5
INSTANT = timedelta(microseconds=1)
ZONES = (UTC, UTC, timezone(timedelta(hours=14)), timezone(-timedelta(hours=10)))
DUE = (30, 300)
WAITS = (-5, 0, *(2**n for n in range(2, 13)), 4100)
GROUNDS = ("spam", "platform_test", *get_args(Ground))
SCOPES = ("pre_session", "conversion", "effectiveness")
SIZES = (1, 1, 2, 5, 20, 100, 500, 1000, 2000)


class Teller:
    """Tells of specialists, in ids and moments of its own chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def id(self) -> UUID:
        """Any id: which of two is greater says nothing about which was first."""
        return UUID(int=self.chance.getrandbits(128))

    def envelope(self, said: Event) -> Envelope:
        """An event as the bus brings it."""
        return wrap(said, id=self.id(), source="/test", recorded=said.at, correlation=self.id())

    def moment(self) -> datetime:
        """Somewhen in a few days, often just where one ends."""
        day = FIRST + timedelta(days=self.chance.randrange(DAYS))
        return day + self.chance.choice([timedelta(0), -INSTANT, timedelta(seconds=self.chance.randrange(86_400))])

    def near(self, moments: list[datetime]) -> datetime:
        """One of the moments or the instant next to it, on somebody's clock."""
        moment = self.chance.choice(moments) + self.chance.choice([0, 0, 0, 0, -1, 1]) * INSTANT
        return moment.astimezone(self.chance.choice(ZONES))

    def some(self, *counts: int) -> range:
        """So many times, by chance."""
        return range(self.chance.choice(counts))

    def history(self) -> Iterator[Envelope]:
        """All that is ever said of a specialist, and seldom of another, or of another tenant's, with the same ids."""
        whose = [{"tenant": self.chance.choice(["therapy", "clinics"]), "specialist_id": self.id()}]
        if self.chance.random() < 0.1:
            whose.append(whose[0] | self.chance.choice([{"tenant": "coaching"}, {"specialist_id": self.id()}]))
        requests, sessions, reviews = ([self.id() for _ in range(3)] for _ in range(3))
        for _ in self.some(1, 2, 3):
            ids = self.chance.choice(whose) | {"request_id": self.chance.choice(requests)}
            yield from self.engagement(ids, sessions, self.moment())
        for _ in self.some(0, 0, 0, 1):
            yield from self.turns(whose[0] | {"request_id": self.chance.choice(requests)}, sessions)
        for _ in self.some(0, 1, 2):
            yield from self.review(self.chance.choice(whose) | {"review_id": self.chance.choice(reviews)})
        for _ in self.some(0, 0, 1, 2):
            yield from self.views(self.chance.choice(whose))

    def turns(self, ids: dict[str, Any], sessions: list[UUID]) -> Iterator[Envelope]:
        """A request that goes from one winner to the next, each with an answer of their own that is due."""
        begun = self.moment()
        for _ in self.some(2, 3):
            begun += timedelta(seconds=self.chance.choice((*DUE, 900)))
            yield from self.engagement(ids | {"specialist_id": self.id()}, sessions, begun)

    def engagement(self, ids: dict[str, Any], sessions: list[UUID], begun: datetime) -> Iterator[Envelope]:
        """Everything happens at a handful of moments, so that all that can fall together does."""
        after = [*DUE, *self.chance.sample(WAITS, 4)]
        moments = [begun + timedelta(seconds=seconds) for seconds in after]
        facts = [*self.openings(ids, begun), *self.replies(ids, moments), *self.sessions(ids, sessions, moments)]
        yield from map(self.envelope, [*facts, *self.endings(ids, moments), *self.decisions(ids, moments)])

    def openings(self, ids: dict[str, Any], begun: datetime) -> Iterator[Event]:
        """One, seldom none, or two that disagree, on the day and on all they say."""
        days = [begun, begun, begun, begun - timedelta(days=1), begun + timedelta(days=1)]
        count = self.some(0, 1, 1, 1, 1, 2)
        for _ in count:
            at = self.near(days) if len(count) > 1 else begun.astimezone(self.chance.choice(ZONES))
            due = at + timedelta(seconds=self.chance.choice(DUE))
            said = {"one_off": self.chance.random() < 0.3, "kind": self.chance.choice(["chat", "phone"])}
            yield RequestAccepted(**ids | said, at=at, client_id=self.id(), opened_at=begun, reply_due=due)

    def replies(self, ids: dict[str, Any], moments: list[datetime]) -> Iterator[Event]:
        """By chat or by phone, before or after it was due or even began."""
        of_chat = {"conversation_id" if name == "request_id" else name: id for name, id in ids.items()}
        for _ in self.some(0, 1, 1, 2):
            at, by_phone = self.near(moments), self.chance.random() < 0.4
            yield ClientReached(**ids, at=at) if by_phone else FirstReplySent(**of_chat, at=at)

    def sessions(self, ids: dict[str, Any], sessions: list[UUID], moments: list[datetime]) -> Iterator[Event]:
        """Held and voided, versions out of step and tied, ids that a merged engagement may share."""
        for session_id in self.chance.sample(sessions, self.chance.choice([0, 0, 0, 1, 1, 2, 3])):
            for _ in self.some(1, 2, 3):
                kind = self.chance.choice([SessionHeld, SessionHeld, SessionVoided])
                at, version = self.near(moments), self.chance.randint(1, 3)
                yield kind(**ids, at=at, version=version, session_id=session_id, number=1)

    def endings(self, ids: dict[str, Any], moments: list[datetime]) -> Iterator[Event]:
        """Purchases, refusals, releases and withdrawals, whether or not they could be, mostly within few moments."""
        moments = self.chance.sample(moments, 2)
        for _ in self.some(0, 0, 1, 2):
            yield SessionPurchased(**ids, at=self.near(moments), number=self.chance.randint(1, 3))
        for _ in self.some(0, 0, 0, 1, 2):
            mark = {"number": self.chance.randint(1, 3), "version": self.chance.randint(1, 3)}
            yield PurchaseVoided(**ids | mark, at=self.near(moments), void=self.chance.random() < 0.7)
        for _ in self.some(0, 0, 1, 2):
            yield ClientRefused(**ids, at=self.near(moments), reason="values")
        for _ in self.some(0, 0, 0, 1, 2):
            reason, again = self.chance.choice(get_args(Release)), self.chance.random() < 0.5
            yield RequestReleased(**ids, at=self.near(moments), reason=reason, again=again)
        for _ in self.some(0, 1, 1, 2):
            nobody = {"specialist_id": None} if self.chance.random() < 0.2 else {}
            yield RequestWithdrawn(**ids | nobody, at=self.near(moments))

    def decisions(self, ids: dict[str, Any], moments: list[datetime]) -> Iterator[Event]:
        """Exclusions on all grounds and of all scopes, merges, and both taken back."""
        for _ in self.some(0, 0, 1, 2, 3):
            version, excluded = self.chance.randint(1, 3), self.chance.random() < 0.7
            why = {"ground": self.chance.choice(GROUNDS), "scope": self.chance.choice(SCOPES)}
            said = ids | why | {"at": self.near(moments), "version": version, "excluded": excluded}
            yield ExclusionDecided(**said, ticket_id=self.id(), decision_id=self.id())
        for _ in self.some(0, 0, 0, 0, 0, 0, 1, 2):
            version, merged = self.chance.randint(1, 2), self.chance.random() < 0.7
            into = {"version": version, "merged": merged, "into_request_id": self.id()}
            yield EngagementMerged(**ids | into, at=self.near(moments))

    def review(self, ids: dict[str, Any]) -> Iterator[Envelope]:
        """Left and changed, settled and taken back, maybe before it is known of at all."""
        moments = [self.moment(), self.moment()]
        for _ in self.some(0, 1, 1, 1, 2, 3):
            kind = self.chance.choice([ReviewLeft, ReviewChanged])
            stars, version = self.chance.randint(1, 5), self.chance.randint(1, 3)
            yield self.envelope(kind(**ids, at=self.near(moments), stars=stars, version=version))
        for _ in self.some(0, 0, 1, 2, 3):
            turn = self.chance.choice([ProblemSolved, ProblemSolved, ProblemReopened])
            at, version = self.near(moments), self.chance.randint(1, 3)
            yield self.envelope(turn(**ids, at=at, version=version, conversation_id=self.id()))

    def views(self, ids: dict[str, Any]) -> Iterator[Envelope]:
        """A source's count of a day, which only grows."""
        day = FIRST.date() + timedelta(days=self.chance.randrange(DAYS))
        source, views = self.chance.choice(get_args(Source)), 0
        for _ in self.some(1, 2, 3):
            views += self.chance.randint(0, 4)
            yield self.envelope(ProfileViewsCounted(**ids, at=self.moment(), day=day, source=source, views=views))

    def retold(
        self, events: list[Envelope], sizes: tuple[int, ...] = SIZES, *, reach: int | None = None
    ) -> list[list[Envelope]]:
        """The events in another order, a third of them again, in batches of very different sizes.

        Within a reach, an event strays no farther, so that a batch has much of what is said of one request.
        """
        places = [*enumerate(events)]
        places += self.chance.sample(places, len(events) // 3)
        places.sort(key=lambda place: self.chance.random() * (reach or 1) + (place[0] if reach else 0))
        told = [event for _, event in places]
        batches = []
        while told:
            size = self.chance.choice(sizes)
            batches.append(told[:size])
            del told[:size]
        return batches
