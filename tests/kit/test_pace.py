"""Whoever does something too often is told when it will do, and whoever does it seldom is not remembered."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from libs.kit import clock, pace
from libs.kit.errors import TooSoon
from libs.kit.pace import Pace

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """It is so many seconds after the beginning."""
    return lambda moment: monkeypatch.setattr(pace, "monotonic", lambda: moment)


def test_who_waits_as_long_as_they_are_told_is_let_in(at: Callable[[float], None]) -> None:
    """And not before: the first of the last few has to be long enough ago. To be refused counts for nothing."""
    kept = Pace(2, seconds=10, refusal=TooSoon)
    for moment in (100.0, 104.0):
        at(moment)
        kept.keep("therapy", "anna")
    for moment, left in ((107.0, 3), (109.9, 0.1)):
        at(moment)
        with clock.at(NOW), pytest.raises(TooSoon) as refused:
            kept.keep("therapy", "anna")
        assert (refused.value.until - NOW).total_seconds() == pytest.approx(left)
    at(110.0)
    kept.keep("therapy", "anna")
    with pytest.raises(TooSoon):
        kept.keep("therapy", "anna")


def test_each_has_a_pace_of_their_own(at: Callable[[float], None]) -> None:
    kept = Pace(1, seconds=10, refusal=TooSoon)
    at(0.0)
    for who in (("therapy", "anna"), ("therapy", "boris"), ("clinics", "anna")):
        kept.keep(*who)
        with pytest.raises(TooSoon):
            kept.keep(*who)


def test_whoever_is_quiet_takes_no_memory(at: Callable[[float], None]) -> None:
    """Not even if they came before somebody who is still here."""
    kept = Pace(5, seconds=10, refusal=TooSoon)
    for moment, who in ((0.0, "olena"), (1.0, "anna"), (2.0, "boris"), (9.0, "anna"), (12.5, "anna")):
        at(moment)
        kept.keep(who)
    assert list(kept._did) == [("anna",)]
