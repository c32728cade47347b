"""What stats hears in its tests, in a line each: facts about requests of Anna's, as the bus would bring them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from libs.bus import clock
from libs.bus.consumers import Projector
from libs.bus.ids import uuid7
from libs.bus.testing import enveloped
from libs.events import Envelope
from libs.events.chat import FirstReplySent, ProblemReopened, ProblemSolved
from libs.events.intake import (
    ClientRefused,
    EngagementMerged,
    PurchaseVoided,
    RequestAccepted,
    RequestReleased,
    RequestWithdrawn,
    SessionHeld,
    SessionPurchased,
)
from libs.events.partners import ProfileViewsCounted, ReviewChanged, ReviewLeft
from libs.events.support import ExclusionDecided
from services.stats.consumers import FiguresProjection
from tests.people import ANNA

MARCH = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
MAY = datetime(2026, 5, 2, 12, tzinfo=UTC)
PROMISE = timedelta(seconds=30)
Known = dict[str, Any]


async def hear(service, *batch: Envelope, now: datetime = MAY, generation: int = 1) -> None:
    """A batch takes effect in one transaction, as the bus would have it."""
    with clock.at(now):
        async with service.database.sessions.begin() as tx:
            await Projector(FiguresProjection(generation)).take(tx, list(batch))


def ids(**more: Any) -> Known:
    """A request of Anna's."""
    return {"tenant": ANNA.tenant, "request_id": uuid7(), "specialist_id": ANNA.id} | more


def opening(known: Known, at: datetime = MARCH, *, one_off: bool = False):
    """Anna won it."""
    return enveloped(
        RequestAccepted(
            **known, at=at, client_id=uuid7(), kind="chat", one_off=one_off, opened_at=at, reply_due=at + PROMISE
        )
    )


def reply(known: Known, at: datetime = MARCH + timedelta(seconds=12)):
    """She wrote."""
    said = {name: known[name] for name in ("tenant", "specialist_id")}
    return enveloped(FirstReplySent(**said, at=at, conversation_id=known["request_id"]))


def session(
    known: Known, kind: Any = SessionHeld, *, version: int = 1, session_id: Any = None, at: datetime | None = None
):
    """They met, or had not."""
    at = at or MARCH + timedelta(days=version)
    return enveloped(kind(**known, at=at, session_id=session_id or uuid7(), number=1, version=version))


def purchase(known: Known, number: int = 2, at: datetime = MARCH + timedelta(days=9)):
    """The client paid for the n-th session."""
    return enveloped(SessionPurchased(**known, at=at, number=number))


def unpaid(known: Known, number: int = 2, *, version: int = 1, void: bool = True):
    """The client had not paid for it."""
    at = MARCH + timedelta(days=10)
    return enveloped(PurchaseVoided(**known, at=at, number=number, version=version, void=void))


def refusal(known: Known, at: datetime = MARCH + timedelta(days=5)):
    """Anna ended the work."""
    return enveloped(ClientRefused(**known, at=at, reason="outside_competence"))


def withdrawal(known: Known, at: datetime = MARCH + timedelta(seconds=8)):
    """The client took the request back."""
    return enveloped(RequestWithdrawn(**known, at=at))


def release(known: Known, at: datetime = MARCH + timedelta(seconds=20), *, reason: Any = "handed_over"):
    """It was taken from Anna."""
    return enveloped(RequestReleased(**known, at=at, reason=reason, again=True))


def merge(known: Known, *, version: int = 1, merged: bool = True):
    """The client was Anna's already."""
    return enveloped(EngagementMerged(**known, at=MARCH, into_request_id=uuid7(), version=version, merged=merged))


def ruling(known: Known, *, version: int = 1, excluded: bool = True, ground: Any = "spam", scope: Any = "pre_session"):
    """What support decided."""
    return enveloped(
        ExclusionDecided(
            **known, at=MAY - timedelta(hours=1), ticket_id=uuid7(), decision_id=uuid7(), version=version,
            excluded=excluded, ground=ground, scope=scope,
        )
    )  # fmt: skip


def review(stars: int, at: datetime = MARCH, **more: Any):
    """What a client thought."""
    said: Known = {"tenant": ANNA.tenant, "specialist_id": ANNA.id, "review_id": uuid7(), "version": 1} | more
    return enveloped(ReviewLeft(**said, at=at, stars=stars))


def second_thought(of: Envelope, stars: int, version: int = 2):
    """What the client thinks now."""
    said = {name: getattr(of.data, name) for name in ("tenant", "specialist_id", "review_id")}
    return enveloped(ReviewChanged(**said, at=MAY, stars=stars, version=version))


def solved(of: Envelope, *, version: int = 1, solved: bool = True):
    """Whether the matter of a review is settled."""
    said = {name: getattr(of.data, name) for name in ("tenant", "specialist_id", "review_id")}
    kind = ProblemSolved if solved else ProblemReopened
    return enveloped(kind(**said, at=MAY, conversation_id=uuid7(), version=version))


def views(count: int, day: date = date(2026, 3, 5), source: Any = "site"):
    """How often Anna's profile was seen on a day, until now."""
    at = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    return enveloped(
        ProfileViewsCounted(tenant=ANNA.tenant, at=at, specialist_id=ANNA.id, day=day, source=source, views=count)
    )
