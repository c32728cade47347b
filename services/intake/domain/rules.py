"""The house rules as data: each number has the id of the rule it comes from."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from libs.events.intake import Kind

MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class Rules:
    """The house rules of the feed; an operator may change any of them."""

    chat_reply_within: timedelta = timedelta(seconds=30)
    """B1: a chat request is answered within this, from the client's submit (D6)."""
    phone_reply_within: timedelta = timedelta(minutes=5)
    """B1: a phone request is answered within this, from the client's submit (D6)."""
    day_cooldown: timedelta = timedelta(minutes=20)
    """B5: how long a specialist waits after an accept by day."""
    night_cooldown: timedelta = timedelta(minutes=6)
    """B5: how long a specialist waits after an accept by night."""
    day_begins: time = time(9)
    """D4: the first instant of the day."""
    day_ends: time = time(21)
    """D4: the first instant of the night."""
    zone: ZoneInfo = MOSCOW
    """D4: where the wall clock hangs that tells day from night."""


def reply_due(opened_at: datetime, kind: Kind, rules: Rules) -> datetime:
    """Until when the client was promised an answer (B1, D6)."""
    return opened_at + (rules.chat_reply_within if kind == "chat" else rules.phone_reply_within)


def cooldown(accepted_at: datetime, rules: Rules) -> timedelta:
    """How long the wait is: the instant of the accept decides, whatever hour the wait runs into (B5, D4)."""
    wall_clock = accepted_at.astimezone(rules.zone).time()
    by_day = rules.day_begins <= wall_clock < rules.day_ends
    return rules.day_cooldown if by_day else rules.night_cooldown
