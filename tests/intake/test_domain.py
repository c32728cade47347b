"""The rules of the feed, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from libs.bus.ids import uuid7
from libs.events.intake import PressTooQuick, RequestAccepted
from libs.kit.phones import PhoneMalformed
from services.intake import domain
from services.intake.domain import Press, Pressed, Racer, RaceRules, Receipt, Request
from tests.people import ANNA, BORIS, OLENA, THERAPY

RULES = RaceRules()
MOSCOW = ZoneInfo("Europe/Moscow")
KYIV = RaceRules(zone=ZoneInfo("Europe/Kyiv"))
NOON = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SIX, TWENTY = timedelta(minutes=6), timedelta(minutes=20)
MOMENT = timedelta(microseconds=1)
PROMISED, DAY = timedelta(seconds=30), timedelta(days=1)


def a_request(**known: Any) -> Request:
    facts: dict[str, Any] = {
        "id": uuid7(), "tenant": THERAPY, "client_id": OLENA.id, "kind": "chat", "locale": "uk", "one_off": False,
        "opened_at": NOON, "promised_until": NOON + PROMISED, "shown_at": NOON, "closes_at": NOON + DAY,
    }  # fmt: skip
    return Request(**facts | known)


def taken_by(winner: Any, **known: Any) -> Request:
    times = {"accepted_at": NOON, "rest_until": NOON + TWENTY, "reply_due": NOON + PROMISED}
    return a_request(accepted_by=winner.id, **times | known)


def a_racer(**known: Any) -> Racer:
    return Racer(ANNA.id, **{"on_duty_until": NOON + DAY} | known)


def a_press(request: Request | None, **known: Any) -> Press:
    facts: dict[str, Any] = {
        "now": NOON, "specialist_id": ANNA.id, "key": "k", "request": request, "racer": a_racer(),
    }  # fmt: skip
    return Press(**facts | known)


@pytest.mark.parametrize(("kind", "within"), [("chat", timedelta(seconds=30)), ("phone", timedelta(minutes=5))])
def test_b1_the_promise_runs_from_the_submit(kind: Any, within: timedelta) -> None:
    """30 seconds for a chat, 5 minutes for a call."""
    assert domain.reply_due(NOON, kind, RULES) == NOON + within


@pytest.mark.parametrize(
    "placeholder",
    [
        "+77777777777",
        "77777777777",
        "+7 777 777-77-77",
        "+7 (777) 7777777",
        "",
        "+7/777/777/77/77",
        "\uff0b\uff17\uff17\uff17\uff17\uff17\uff17\uff17\uff17\uff17\uff17\uff17",
        "tel:+77777777777",
        "+77777777777 ext 1",
        "+7777777\u200b7777",
    ],
)
def test_b2_the_placeholder_means_no_phone(placeholder: str) -> None:
    """It looks like a number of Kazakhstan; it is nobody's."""
    assert domain.contact("chat", placeholder) is None
    with pytest.raises(domain.PhoneMissing):
        domain.contact("phone", placeholder)


def test_b2_b15_a_phone_has_one_form() -> None:
    """A chat request may leave one too, for the case that its client loses the chat."""
    assert domain.contact("phone", "+380 (44) 123-45-67") == "+380441234567"
    assert domain.contact("chat", "+380441234567") == "+380441234567"


@pytest.mark.parametrize(
    "phone", ["380441234567", "+0441234567", "+1", "+380x41234567", "+3804412345678901234", "call me", "+99912345678"]
)
def test_a_phone_without_its_country_is_refused(phone: str) -> None:
    """An unusual number may be a foreign one, so nothing is guessed (B14)."""
    with pytest.raises(PhoneMalformed):
        domain.contact("phone", phone)


def test_b4_a_free_request_may_be_won() -> None:
    """And what the winner's event says is what the request knew."""
    request = a_request()
    claim = domain.accept(a_press(request), RULES)
    [accepted, _] = claim.says
    assert isinstance(accepted, RequestAccepted)
    assert (accepted.request_id, accepted.specialist_id, accepted.client_id) == (request.id, ANNA.id, OLENA.id)
    assert (accepted.at, accepted.opened_at, accepted.reply_due) == (NOON, request.opened_at, request.promised_until)


@pytest.mark.parametrize(
    ("press", "refusal"),
    [
        (a_press(None), domain.RequestUnknown),
        (a_press(a_request(), racer=None), domain.NotEligible),
        (a_press(a_request(closed_at=NOON, closed_as="withdrawn")), domain.RequestClosed),
        (a_press(taken_by(BORIS)), domain.RequestTaken),
        (a_press(a_request(), racer=a_racer(ready_at=NOON + MOMENT)), domain.CoolingDown),
        (a_press(a_request(), racer=a_racer(on_duty_until=NOON)), domain.OffDuty),
        (a_press(a_request(), racer=a_racer(on_duty_until=None)), domain.OffDuty),
        (a_press(a_request(), racer=a_racer(device_id=BORIS.id)), domain.WrongDevice),
        (a_press(a_request(), racer=a_racer(device_id=BORIS.id), device_id=ANNA.id), domain.WrongDevice),
        (a_press(a_request(), barred=True), domain.RequestUnknown),
        (a_press(a_request(direct_to=BORIS.id)), domain.RequestUnknown),
        (a_press(a_request(age="minor")), domain.RequestUnknown),
        (a_press(a_request(), racer=a_racer(languages=frozenset({"bg"}))), domain.RequestUnknown),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_refusal_has_a_reason(press: Press, refusal: type[Exception]) -> None:
    """Taken, cooling down, closed, not eligible, or not there at all (D7): whom it is not for, to them it is not."""
    with pytest.raises(refusal):
        domain.accept(press, RULES)


@pytest.mark.parametrize(
    "press",
    [
        a_press(a_request(), racer=a_racer(device_id=BORIS.id), device_id=BORIS.id),
        a_press(a_request(direct_to=ANNA.id)),
        a_press(a_request(age="minor"), racer=a_racer(accepts_minors=True)),
        a_press(a_request(), racer=a_racer(languages=frozenset({"bg", "uk"}))),
        a_press(a_request(danger_at=NOON), racer=a_racer(ready_at=NOON + DAY, unanswered=BORIS.id)),
    ],
)
def test_whom_a_request_is_for_may_take_it(press: Press) -> None:
    """On the right device, asked by name, working with minors, speaking the language; danger waits for none."""
    assert domain.accept(press, replace(RULES, one_unanswered=True)).acceptance.accepted_at == NOON


def test_b5_taking_who_is_in_danger_shortens_no_wait() -> None:
    """A wait that began by day is longer than the one of the night in which the second accept falls."""
    rested = NOON + DAY
    claim = domain.accept(a_press(a_request(danger_at=NOON), racer=a_racer(ready_at=rested)), RULES)
    assert claim.acceptance.ready_at == rested
    claim = domain.accept(a_press(a_request(danger_at=NOON), racer=a_racer(ready_at=NOON)), RULES)
    assert claim.acceptance.ready_at == NOON + RULES.day_cooldown


def test_b21_who_has_not_answered_one_takes_no_other() -> None:
    """Where the house wants it so; and is told which one waits."""
    press = a_press(a_request(), racer=a_racer(unanswered=BORIS.id))
    assert domain.accept(press, RULES).acceptance.accepted_at == NOON
    with pytest.raises(domain.AnswerFirst) as refused:
        domain.accept(press, replace(RULES, one_unanswered=True))
    assert refused.value.extra() == {"request_id": BORIS.id}


@pytest.mark.parametrize(("after", "told"), [(0, True), (149, True), (150, False), (9000, False)])
def test_b4_a_press_too_quick_for_a_person_is_told_and_not_refused(after: int, told: bool) -> None:
    """Antifraud looks at it; a fast person is no criminal."""
    claim = domain.accept(a_press(a_request(), now=NOON + timedelta(milliseconds=after)), RULES)
    assert [type(said) for said in claim.says] == [RequestAccepted, *([PressTooQuick] if told else [])]


def test_b5_a_wait_that_ends_now_is_over() -> None:
    """Half-open here too: at `ready_at` the specialist is ready."""
    assert domain.accept(a_press(a_request(), racer=a_racer(ready_at=NOON)), RULES).acceptance.accepted_at == NOON


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
    press = a_press(a_request(), now=at, racer=a_racer(on_duty_until=at + DAY))
    assert domain.accept(press, KYIV).acceptance.ready_at == at + SIX
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
    """The receipt that was kept, and not a new place; a press that won and lost the request again is a new one."""
    request, receipt = taken_by(BORIS), Receipt(7, 120, NOON)
    assert domain.already(a_press(request, earlier=Pressed(request.id, receipt))) == receipt
    assert domain.already(a_press(request, earlier=Pressed(request.id, receipt, won=True))) is None
    assert domain.already(a_press(request)) is None


def test_d7_a_key_belongs_to_one_request() -> None:
    """Whoever uses it for another one is told so, and accepts nothing by accident."""
    with pytest.raises(domain.KeyReused):
        domain.already(a_press(a_request(), earlier=Pressed(uuid7(), Receipt(2, 1, NOON))))
