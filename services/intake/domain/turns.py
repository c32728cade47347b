"""What becomes of a request after its race: each function takes it as it is and says what it turns into.

`Turn.after` is the request from then on and `Turn.says` what the world hears of it. Nothing here knows of rows: the
command writes what differs.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.events import Event
from libs.events.intake import (
    CalledOff,
    ClientReached,
    ClientReferred,
    CooldownReleased,
    DangerSign,
    DangerSignalled,
    Referral,
    Release,
    ReplyPromiseKept,
    ReplyPromiseMissed,
    RequestAccepted,
    RequestDeactivated,
    RequestExpired,
    RequestReleased,
    RequestWithdrawn,
    SafetyConcernRaised,
)
from libs.events.support import ExclusionDecided
from libs.kit.errors import Conflict
from services.intake.domain.requests import Closed, ReferredToYourself, Request, RequestClosed, RequestUnknown, Why
from services.intake.domain.rules import RaceRules


class AnswerComesFirst(Conflict):
    """Answer, introduce yourself and give the helpline card first: nobody is handed on in silence."""


class ChatComesFirst(Conflict):
    """A chat request is answered in the site's own chat; only that keeps the promise."""


class AlreadyAnswered(Conflict):
    """You have reached this client already."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A request from here on, what is said of it, and who may not take it again."""

    after: Request
    says: tuple[Event, ...] = ()
    bars: Why | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """An acceptance that was ended because no answer was heard of."""

    specialist_id: UUID
    accepted_at: datetime
    rest_until: datetime
    reply_due: datetime


def look_at(request: Request, rules: RaceRules) -> datetime | None:
    """When time next causes something with this request; None when it never will."""
    if request.closed_at is not None:
        return None
    instants = []
    if request.kept_at is None and request.missed_at is None:
        instants.append(request.promised_until + rules.reply_travels)
    if request.accepted_by is not None and request.answered_at is None and request.reply_due is not None:
        instants.append(request.reply_due + rules.reply_travels)
    if request.accepted_by is None:
        instants.append(request.closes_at)
        if request.direct_to is not None:
            instants.append(request.shown_at + rules.direct_waits)
    return min(instants, default=None)


def pass_time(request: Request, *, now: datetime, rules: RaceRules) -> Turn:
    """Everything that is due by now.

    A promise broken (B1), a winner's silence (D6), a colleague who did not take whom they were sent (C10), the end of a
    request that nobody took.

    A breach is told once and stays told, whoever takes the request afterwards.
    """
    after, says, bars = request, list[Event](), None
    if request.closed_at is not None:
        return Turn(request)
    if request.kept_at is None and request.missed_at is None and now >= request.promised_until + rules.reply_travels:
        says.append(_missed(request, now))
        after = replace(after, missed_at=now, direct_to=None if request.open else request.direct_to)
    if _silent(request, now, rules):
        says.append(_released(request, "silent", now, again=True))
        # Whoever was asked directly has had it, and may not take it again: now it is for everybody else.
        after, bars = replace(_back_in_the_feed(after, now), direct_to=None), "silent"
    elif request.open and now >= request.closes_at:
        says.append(RequestExpired(tenant=request.tenant, at=now, request_id=request.id))
        after = _closed(after, "expired", now)
    elif request.open and now >= request.shown_at + rules.direct_waits:
        after = replace(after, direct_to=None)
    return Turn(after, tuple(says), bars)  # type: ignore[arg-type]


def answer(request: Request, specialist_id: UUID, former: Former | None, *, at: datetime, now: datetime) -> Turn:
    """The specialist's first human message was sent at `at`; the news of it may be late, which is not their fault.

    If silence had already been told and nobody else has taken the request, it is theirs again.
    """
    if request.kind == "phone":
        return Turn(request)
    if request.open and former is not None and at <= former.reply_due:
        return _answered(_given_back(request, former), at, now, first=_accepted_again(request, former, now))
    if request.accepted_by != specialist_id or request.answered_at is not None:
        return Turn(request)
    return _answered(request, at, now)


def reach(request: Request, *, now: datetime) -> Turn:
    """The specialist spoke to who asked to be called: for phone requests this is the answer (B1)."""
    if request.kind != "phone":
        raise ChatComesFirst
    if request.answered_at is not None:
        return Turn(request)
    reached = ClientReached(tenant=request.tenant, at=now, request_id=request.id, specialist_id=_winner(request))
    return _answered(request, now, now, first=reached)


def withdraw(request: Request, *, now: datetime) -> Turn:
    """The client takes the request back; doing so twice says nothing new."""
    if request.closed_as == "withdrawn":
        return Turn(request)
    if request.closed_at is not None:
        raise RequestClosed
    said = RequestWithdrawn(tenant=request.tenant, at=now, request_id=request.id, specialist_id=request.accepted_by)
    return Turn(_closed(request, "withdrawn", now), (said,))


def deactivate(request: Request, decision: ExclusionDecided, *, now: datetime) -> Turn:
    """What support strikes from the record is closed for good (R4). A reinstatement restores figures, not the request.

    That it looks at no version is what makes it hold in any order of arrival: one exclusion ever is enough.
    """
    if not decision.excluded or request.closed_as == "deactivated":
        return Turn(request)
    said = RequestDeactivated(tenant=request.tenant, at=now, request_id=request.id, decision_id=decision.decision_id)
    return Turn(_closed(request, "deactivated", now), (said, *_rest_given_back(request, now)))


def unreachable(request: Request, *, now: datetime) -> Turn:
    """Nobody is to be found under this number: perhaps a joke, so nobody else is sent after them (B14, D5)."""
    if request.kind != "phone":
        raise ChatComesFirst
    if request.answered_at is not None:
        raise AlreadyAnswered
    said = _released(request, "unreachable", now, again=False)
    return Turn(_closed(request, "unreachable", now), (said, *_rest_given_back(request, now)))


def hand_over(request: Request, *, now: datetime) -> Turn:
    """A minor, answered and given a helpline, goes on to somebody who works with minors (B17, D5, D17)."""
    if request.answered_at is None:
        raise AnswerComesFirst
    said = _released(request, "handed_over", now, again=True)
    after = replace(_back_in_the_feed(request, now), age="minor", direct_to=None)
    return Turn(after, (said, *_rest_given_back(request, now)), "handed_over")


def refer(request: Request, to: Referral, to_specialist_id: UUID | None, *, now: datetime) -> Turn:
    """The client needs somebody else: a colleague who is asked directly, or help outside of here (C10, D5)."""
    if request.answered_at is None:
        raise AnswerComesFirst
    if to_specialist_id == _winner(request):
        raise ReferredToYourself
    again = to_specialist_id is not None
    says = (
        ClientReferred(
            tenant=request.tenant, at=now, request_id=request.id, specialist_id=_winner(request), to=to,
            to_specialist_id=to_specialist_id, country=request.country, locale=request.locale,
        ),
        _released(request, "referred", now, again=again),
        *_rest_given_back(request, now),
    )  # fmt: skip
    if again:
        return Turn(replace(_back_in_the_feed(request, now), direct_to=to_specialist_id), says, "referred")
    return Turn(_closed(request, "referred", now), says, "referred")


def signal_danger(request: Request, *, now: datetime, rules: RaceRules) -> Turn:
    """The client is in danger now; whatever state the request is in, this is heard, and again if it goes on (T2)."""
    if request.danger_told_at is not None and now < request.danger_told_at + rules.danger_again_after:
        return Turn(request)
    said = DangerSignalled(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=request.accepted_by,
        country=request.country, locale=request.locale,
    )  # fmt: skip
    return Turn(replace(request, danger_at=request.danger_at or now, danger_told_at=now), (said,))


def raise_concern(request: Request, signs: tuple[DangerSign, ...], *, now: datetime) -> Turn:
    """The specialist fears for the client; what was ticked is told, and nothing else."""
    said = SafetyConcernRaised(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=_winner(request), signs=signs
    )
    return Turn(request, (said,))


def called_off(before: Request, turn: Turn) -> CalledOff | None:
    """How the winner's work with this client ended by this turn; None where it did not."""
    how = turn.bars or turn.after.closed_as
    ended = before.accepted_by is not None and (turn.bars is not None or how != before.closed_as)
    return how if ended and how != "expired" else None


def _silent(request: Request, now: datetime, rules: RaceRules) -> bool:
    due = request.reply_due
    return due is not None and request.answered_at is None and now >= due + rules.reply_travels


def _missed(request: Request, now: datetime) -> ReplyPromiseMissed:
    """Who had the request with time enough is named; who took it too late to keep the promise is not."""
    had_time = request.reply_due is not None and request.reply_due <= request.promised_until
    return ReplyPromiseMissed(
        tenant=request.tenant, at=now, request_id=request.id, due=request.promised_until,
        specialist_id=request.accepted_by if had_time else None,
    )  # fmt: skip


def _answered(request: Request, at: datetime, now: datetime, *, first: Event | None = None) -> Turn:
    after = replace(request, answered_at=at, kept_at=request.kept_at or at)
    says = [first] if first else []
    if request.kept_at is None and at <= request.promised_until:
        kept = ReplyPromiseKept(
            tenant=request.tenant, at=now, request_id=request.id, specialist_id=_winner(request),
            due=request.promised_until, answered_at=at,
        )  # fmt: skip
        says.append(kept)
        after = replace(after, missed_at=None)
    elif request.kept_at is None and request.missed_at is None:
        says.append(_missed(request, now))
        after = replace(after, missed_at=now)
    return Turn(after, tuple(says))


def _given_back(request: Request, former: Former) -> Request:
    return replace(
        request, accepted_by=former.specialist_id, accepted_at=former.accepted_at, rest_until=former.rest_until,
        reply_due=former.reply_due,
    )  # fmt: skip


def _accepted_again(request: Request, former: Former, now: datetime) -> RequestAccepted:
    return RequestAccepted(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=former.specialist_id,
        client_id=request.client_id, kind=request.kind, one_off=request.one_off, opened_at=request.opened_at,
        reply_due=former.reply_due, round=request.round,
    )  # fmt: skip


def _back_in_the_feed(request: Request, now: datetime) -> Request:
    return replace(
        request, accepted_by=None, accepted_at=None, rest_until=None, reply_due=None, answered_at=None,
        round=request.round + 1, shown_at=now, closes_at=now + (request.closes_at - request.shown_at),
    )  # fmt: skip


def _closed(request: Request, how: Closed, now: datetime) -> Request:
    return replace(request, closed_at=now, closed_as=how)


def _released(request: Request, reason: Release, now: datetime, *, again: bool) -> RequestReleased:
    return RequestReleased(
        tenant=request.tenant, at=now, request_id=request.id, specialist_id=_winner(request), reason=reason,
        again=again, country=request.country, locale=request.locale,
    )  # fmt: skip


def _rest_given_back(request: Request, now: datetime) -> tuple[Event, ...]:
    """An outcome that is nobody's fault costs no wait (D5), as long as there is any left."""
    if request.accepted_by is None or request.rest_until is None or request.rest_until <= now:
        return ()
    return (CooldownReleased(tenant=request.tenant, at=now, specialist_id=request.accepted_by, request_id=request.id),)


def _winner(request: Request) -> UUID:
    if request.accepted_by is None:
        raise RequestUnknown
    return request.accepted_by
