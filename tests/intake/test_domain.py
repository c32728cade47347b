"""The rules of the feed, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from libs.bus.ids import uuid7
from libs.events.support import ExclusionDecided
from services.intake import domain
from services.intake.domain import Press, Pressed, Receipt, Request, Rules
from tests.people import ANNA, BORIS, OLENA, THERAPY

RULES = Rules()
MOSCOW = ZoneInfo("Europe/Moscow")
KYIV = Rules(zone=ZoneInfo("Europe/Kyiv"))
NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIX, TWENTY = timedelta(minutes=6), timedelta(minutes=20)


def a_request(**known: Any) -> Request:
    facts: dict[str, Any] = {
        "id": uuid7(), "tenant": THERAPY, "client_id": OLENA.id, "kind": "chat", "one_off": False,
        "opened_at": NOON, "reply_due": NOON + timedelta(seconds=30),
    }  # fmt: skip
    return Request(**facts | known)


def taken_by(winner: Any, **known: Any) -> Request:
    return a_request(accepted_by=winner.id, accepted_at=NOON, rest_until=NOON + TWENTY, **known)


def a_press(request: Request | None, **known: Any) -> Press:
    facts: dict[str, Any] = {
        "now": NOON, "specialist_id": ANNA.id, "key": "k", "request": request, "joined": True, "ready_at": None,
        "earlier": None,
    }  # fmt: skip
    return Press(**facts | known)


def decided(request: Request, *, excluded: bool = True) -> ExclusionDecided:
    return ExclusionDecided(
        tenant=THERAPY, at=NOON, request_id=request.id, specialist_id=ANNA.id, ticket_id=uuid7(), decision_id=uuid7(),
        version=1, excluded=excluded, ground="spam",
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "within"), [("chat", timedelta(seconds=30)), ("phone", timedelta(minutes=5))])
def test_b1_the_promise_runs_from_the_submit(kind: Any, within: timedelta) -> None:
    """30 seconds for a chat, 5 minutes for a call."""
    assert domain.reply_due(NOON, kind, RULES) == NOON + within


@pytest.mark.parametrize("placeholder", ["+77777777777", "77777777777", "+7 777 777-77-77", "+7 (777) 7777777", ""])
def test_b2_the_placeholder_means_no_phone(placeholder: str) -> None:
    """It looks like a number of Kazakhstan; it is nobody's."""
    assert domain.contact("chat", placeholder) is None
    with pytest.raises(domain.PhoneMissing):
        domain.contact("phone", placeholder)


def test_b2_a_phone_belongs_to_phone_requests_only() -> None:
    """A chat request with a number in it would be a number that nobody asked for."""
    assert domain.contact("phone", "+380 (44) 123-45-67") == "+380441234567"
    with pytest.raises(domain.PhoneUnexpected):
        domain.contact("chat", "+380441234567")


@pytest.mark.parametrize(
    "phone", ["380441234567", "+0441234567", "+1", "+380x41234567", "+3804412345678901234", "call me"]
)
def test_a_phone_without_its_country_is_refused(phone: str) -> None:
    """An unusual number may be a foreign one, so nothing is guessed (B14)."""
    with pytest.raises(domain.PhoneMalformed):
        domain.contact("phone", phone)


def test_b4_a_free_request_may_be_won() -> None:
    """And what the winner's event says is what the request knew."""
    request = a_request()
    accepted = domain.accept(a_press(request))
    assert (accepted.request_id, accepted.specialist_id, accepted.client_id) == (request.id, ANNA.id, OLENA.id)
    assert (accepted.at, accepted.opened_at, accepted.reply_due) == (NOON, request.opened_at, request.reply_due)


@pytest.mark.parametrize(
    ("press", "refusal"),
    [
        (a_press(None), domain.RequestUnknown),
        (a_press(a_request(), joined=False), domain.NotEligible),
        (a_press(a_request(deactivated_at=NOON)), domain.RequestClosed),
        (a_press(taken_by(BORIS)), domain.RequestTaken),
        (a_press(a_request(), ready_at=NOON + timedelta(microseconds=1)), domain.CoolingDown),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_refusal_has_a_reason(press: Press, refusal: type[Exception]) -> None:
    """Taken, cooling down, closed, not eligible, or not there at all (D7)."""
    with pytest.raises(refusal):
        domain.accept(press)


def test_b5_a_wait_that_ends_now_is_over() -> None:
    """Half-open here too: at `ready_at` the specialist is ready."""
    assert domain.accept(a_press(a_request(), ready_at=NOON)).at == NOON


@pytest.mark.parametrize(
    ("wall_clock", "wait"),
    [
        ((8, 59, 59, 999_999), SIX), ((9, 0, 0, 0), TWENTY),
        ((20, 59, 59, 999_999), TWENTY), ((21, 0, 0, 0), SIX), ((0, 0, 0, 0), SIX),
    ],
)  # fmt: skip
def test_b5_d4_the_instant_of_the_accept_decides(wall_clock: tuple[int, int, int, int], wait: timedelta) -> None:
    """Six minutes in [21:00, 09:00), twenty in [09:00, 21:00), whatever hour the wait runs into."""
    hour, minute, second, microsecond = wall_clock
    at = datetime(2026, 3, 2, hour, minute, second, microsecond, tzinfo=MOSCOW)
    assert domain.cooldown(at.astimezone(UTC), RULES) == wait


@pytest.mark.parametrize(
    ("at", "wait"),
    [
        # The clocks went forward on 29 March 2026, so day began an hour earlier by the sun ...
        (datetime(2026, 3, 28, 6, 59, tzinfo=UTC), SIX), (datetime(2026, 3, 28, 7, 0, tzinfo=UTC), TWENTY),
        (datetime(2026, 3, 29, 5, 59, tzinfo=UTC), SIX), (datetime(2026, 3, 29, 6, 0, tzinfo=UTC), TWENTY),
        (datetime(2026, 3, 29, 17, 59, tzinfo=UTC), TWENTY), (datetime(2026, 3, 29, 18, 0, tzinfo=UTC), SIX),
        # ... and back on 25 October.
        (datetime(2026, 10, 24, 18, 0, tzinfo=UTC), SIX), (datetime(2026, 10, 25, 6, 30, tzinfo=UTC), SIX),
        (datetime(2026, 10, 25, 7, 0, tzinfo=UTC), TWENTY), (datetime(2026, 10, 25, 18, 59, tzinfo=UTC), TWENTY),
        (datetime(2026, 10, 25, 19, 0, tzinfo=UTC), SIX),
    ],
)  # fmt: skip
def test_d4_the_tenants_zone_keeps_its_daylight_saving(at: datetime, wait: timedelta) -> None:
    """Kyiv changes its clocks, Moscow does not."""
    assert domain.cooldown(at, KYIV) == wait


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 3, 29, 0, 58, tzinfo=UTC), datetime(2026, 10, 25, 0, 58, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
def test_d4_a_wait_across_the_change_of_clocks_is_as_long_as_any(at: datetime) -> None:
    """The wait is an absolute instant: the skipped hour does not end it and the doubled one does not stretch it."""
    press = a_press(a_request(), now=at)
    assert domain.won(domain.accept(press), KYIV).ready_at == at + SIX
    local = at.astimezone(KYIV.zone)
    assert local.utcoffset() != (at + SIX).astimezone(KYIV.zone).utcoffset()


def test_d7_a_winner_has_one_answer_whatever_the_key() -> None:
    """A retry and a second device get the same acceptance."""
    request = taken_by(ANNA)
    assert domain.already(a_press(request)) == domain.already(a_press(request, key="another device"))
    answer = domain.already(a_press(request))
    assert isinstance(answer, domain.Acceptance)
    assert (answer.accepted_at, answer.ready_at) == (NOON, NOON + TWENTY)


def test_d7_a_losers_retry_gets_its_receipt_again() -> None:
    """The receipt that was kept, and not a new place."""
    request, receipt = taken_by(BORIS), Receipt(7, 120, NOON)
    assert domain.already(a_press(request, earlier=Pressed(request.id, receipt))) == receipt
    assert domain.already(a_press(request)) is None


def test_d7_a_key_belongs_to_one_request() -> None:
    """Whoever uses it for another one is told so, and accepts nothing by accident."""
    with pytest.raises(domain.KeyReused):
        domain.already(a_press(a_request(), earlier=Pressed(uuid7(), Receipt(2, 1, NOON))))


def test_r4_an_exclusion_closes_the_request_once() -> None:
    """A reinstatement closes nothing, and a second exclusion closes nothing twice."""
    request = a_request()
    closed = domain.deactivate(request, decided(request), now=NOON)
    assert closed is not None
    assert closed.request_id == request.id
    assert domain.deactivate(request, decided(request, excluded=False), now=NOON) is None
    assert domain.deactivate(a_request(deactivated_at=NOON), decided(request), now=NOON) is None


def test_d5_what_is_left_of_a_wait_is_given_back() -> None:
    """A wait that is over needs no release, and a request that nobody took began none."""
    request = taken_by(ANNA)
    released = domain.release(request, now=NOON)
    assert released is not None
    assert released.specialist_id == ANNA.id
    assert domain.release(request, now=NOON + TWENTY) is None
    assert domain.release(a_request(), now=NOON) is None


def test_d8_a_session_has_no_outcome_before_it_begins() -> None:
    """And afterwards each change of mind is a version, while saying it again is none."""
    session = domain.Session(uuid7(), THERAPY, uuid7(), ANNA.id, 1, NOON, None, 0)
    with pytest.raises(domain.SessionNotStarted):
        domain.settle(session, ANNA.id, "held", now=NOON - timedelta(seconds=1))
    told = domain.settle(session, ANNA.id, "held", now=NOON)
    assert told is not None
    assert told.version == 1
    held = domain.Session(uuid7(), THERAPY, uuid7(), ANNA.id, 1, NOON, "held", 1)
    assert domain.settle(held, ANNA.id, "held", now=NOON) is None
    with pytest.raises(domain.SessionUnknown):
        domain.settle(session, BORIS.id, "held", now=NOON)


def test_a_session_belongs_to_the_winner_and_begins_after_the_acceptance() -> None:
    """Nobody else books one, and none is older than its engagement."""
    book: dict[str, Any] = {"session_id": uuid7(), "number": 1, "now": NOON}
    with pytest.raises(domain.RequestUnknown):
        domain.book(request=taken_by(BORIS), specialist_id=ANNA.id, starts_at=NOON, **book)
    with pytest.raises(domain.RequestClosed):
        domain.book(request=taken_by(ANNA, deactivated_at=NOON), specialist_id=ANNA.id, starts_at=NOON, **book)
    with pytest.raises(domain.SessionBeforeAcceptance):
        domain.book(request=taken_by(ANNA), specialist_id=ANNA.id, starts_at=NOON - SIX, **book)
    assert domain.book(request=taken_by(ANNA), specialist_id=ANNA.id, starts_at=NOON, **book).number == 1
