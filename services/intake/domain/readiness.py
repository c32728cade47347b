"""Being ready: duty and its device, how good the connection is, whether notifications arrive, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Literal
from uuid import UUID

from libs.events import Event
from libs.events.intake import DutyEnded, DutyStarted
from libs.kit.errors import Conflict, Invalid, NotFound
from services.intake.domain.requests import Racer
from services.intake.domain.rules import DutyRules, Rules

Band = Literal["excellent", "average", "bad"]
Checked = Literal["joined", "on_duty", "device", "rested", "answered", "connection", "notifications"]
Todo = Literal[
    "join", "start_duty", "use_your_device", "wait", "answer_first", "measure_connection", "change_connection",
    "test_notifications", "allow_background",
]  # fmt: skip
HINTS: dict[Todo, str] = {
    "join": "Join as a specialist first.",
    "start_duty": "Say until when you are there.",
    "use_your_device": "You accept on another device. Start your duty on this one to accept here.",
    "wait": "You have just accepted a request. Wait until your rest is over.",
    "answer_first": "Answer the request you have taken before you take another one.",
    "measure_connection": "Measure your connection.",
    "change_connection": "Your connection is slow. Change to a better network, or come nearer to the router.",
    "test_notifications": "Test whether notifications arrive on this device while its screen is locked.",
    "allow_background": (
        "Notifications arrive late. Exempt the app from battery saving, and let it start by itself and run in the "
        "background."
    ),
}


class DutyTooShort(Invalid):
    """Go on duty only when you have enough time free."""

    def __init__(self, earliest: datetime) -> None:
        super().__init__()
        self.earliest = earliest

    def extra(self) -> dict[str, Any]:
        """The shortest duty that may be said now."""
        return {"earliest": self.earliest}


class DutyTooLong(Invalid):
    """Nobody is ready for that long. Say it for a shorter time, and again when it is over."""

    def __init__(self, latest: datetime) -> None:
        super().__init__()
        self.latest = latest

    def extra(self) -> dict[str, Any]:
        """The longest duty that may be said now."""
        return {"latest": self.latest}


class EchoUnknown(Invalid):
    """This is no echo of a ping of yours."""


class EchoLate(Conflict):
    """The echo took so long that it says nothing of the connection. Ask for another ping."""


class PushTestUnknown(NotFound):
    """There is no such test of yours; a newer one takes the place of an older one."""


class PushTestAhead(Conflict):
    """This test has not gone out yet."""


@dataclass(frozen=True, slots=True)
class PushTest:
    """A notification that measures how long notifications take; it goes out at its moment."""

    id: UUID
    out_at: datetime
    received_at: datetime | None = None

    @property
    def delay(self) -> timedelta | None:
        """How long it took, once it has arrived."""
        return self.received_at - self.out_at if self.received_at else None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a specialist's device: round trips, the newest first, and the last test."""

    round_trips: Sequence[timedelta] = ()
    measured_at: datetime | None = None
    push: PushTest | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list: what was looked at, whether it stops an accept, and what to do about it."""

    check: Checked
    blocks: bool
    todo: Todo | None

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return self.todo is None

    @property
    def hint(self) -> str | None:
        """What to do, as a sentence."""
        return HINTS[self.todo] if self.todo else None


def start_duty(racer: Racer, *, tenant: str, until: datetime, now: datetime, rules: DutyRules) -> list[Event]:
    """From now on there, until then (B7).

    Who is on duty may say a shorter time, which is no more than going earlier.
    """
    shortens = racer.on_duty(now) and racer.on_duty_until is not None and now < until <= racer.on_duty_until
    if until < now + rules.at_least and not shortens:
        raise DutyTooShort(now + rules.at_least)
    if until > now + rules.at_most:
        raise DutyTooLong(now + rules.at_most)
    if racer.on_duty_until == until and racer.on_duty(now):
        return []
    ran_out = [] if racer.on_duty(now) else end_duty(racer, tenant=tenant, now=now)
    return [*ran_out, DutyStarted(tenant=tenant, at=now, specialist_id=racer.id, until=until)]


def end_duty(racer: Racer, *, tenant: str, now: datetime) -> list[Event]:
    """No longer there. A duty that ran out ended when it ran out; who is not on duty ends nothing."""
    if racer.on_duty_until is None:
        return []
    return [DutyEnded(tenant=tenant, at=min(now, racer.on_duty_until), specialist_id=racer.id)]


def round_trip(sent: datetime, now: datetime, waited: timedelta, rules: DutyRules) -> timedelta:
    """From a ping's leaving to its echo's coming, without what the echo then waited in our own house (D15)."""
    took = max(timedelta(0), now - sent - waited)
    if took > rules.echo_within:
        raise EchoLate
    return took


def typical(round_trips: Sequence[timedelta], rules: DutyRules) -> timedelta | None:
    """The median of the last round trips; None when none was measured."""
    last = round_trips[: rules.round_trips]
    return median(last) if last else None  # type: ignore[type-var]


def band(typical: timedelta | None, rules: DutyRules) -> Band | None:
    """Below 40 ms excellent, from 40 to 110 ms average, both included, above that bad (B8, D15)."""
    if typical is None:
        return None
    if typical < rules.excellent_below:
        return "excellent"
    return "average" if typical <= rules.average_to else "bad"


def receive(test: PushTest | None, test_id: UUID, *, now: datetime) -> PushTest:
    """A test notification has arrived; the first receipt is the one that counts."""
    if test is None or test.id != test_id:
        raise PushTestUnknown
    if now < test.out_at:
        raise PushTestAhead
    return test if test.received_at else PushTest(test.id, test.out_at, now)


def checklist(
    racer: Racer | None, measured: Measured, *, device_id: UUID | None, now: datetime, rules: Rules
) -> list[Check]:
    """Everything that decides whether, and how well, a specialist can accept now; in the order of doing."""
    if racer is None:
        return [Check("joined", True, "join")]
    on_duty, here = racer.on_duty(now), racer.device_id is None or racer.device_id == device_id
    rested = racer.ready_at is None or racer.ready_at <= now
    free = racer.unanswered is None or not rules.race.one_unanswered
    return [
        Check("joined", True, None),
        Check("on_duty", True, None if on_duty else "start_duty"),
        Check("device", True, None if here else "use_your_device"),
        Check("rested", True, None if rested else "wait"),
        Check("answered", True, None if free else "answer_first"),
        Check("connection", False, _connection(measured, now, rules.duty)),
        Check("notifications", False, _notifications(measured.push, now, rules.duty)),
    ]


def ready(checks: Sequence[Check]) -> bool:
    """Whether an accept would be refused for no reason of the specialist's own."""
    return all(check.ok for check in checks if check.blocks)


def _connection(measured: Measured, now: datetime, rules: DutyRules) -> Todo | None:
    if measured.measured_at is None or now - measured.measured_at > rules.measured_within:
        return "measure_connection"
    return "change_connection" if band(typical(measured.round_trips, rules), rules) == "bad" else None


def _notifications(push: PushTest | None, now: datetime, rules: DutyRules) -> Todo | None:
    """One that is still under way is neither good nor bad: to be waited for, as if it had yet to be made."""
    if push is None or now - push.out_at > rules.push_tested_within:
        return "test_notifications"
    if push.delay is None:
        return "allow_background" if now - push.out_at > rules.push_lost_after else "test_notifications"
    return "allow_background" if push.delay > rules.push_within else None
