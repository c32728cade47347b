"""The race and its promise: how long people wait, and what becomes of a request that nobody answers."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from annotated_types import Ge, Le

from libs.events.intake import Kind
from libs.kit.rules import Says
from services.intake.domain.rules.bounds import EVER, Span

MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class RaceRules:
    """The house rules of the feed and of the race in it."""

    chat_reply_within: Annotated[
        Span, Says("B1", "A chat request is answered within this, from the client's submit (D6).")
    ] = timedelta(seconds=30)
    phone_reply_within: Annotated[
        Span, Says("B1", "A phone request is answered within this, from the client's submit (D6).")
    ] = timedelta(minutes=5)
    chat_answer_within: Annotated[
        Span, Says("D6", "The winner of a chat request has at least this long for the first message.")
    ] = timedelta(seconds=15)
    phone_answer_within: Annotated[
        Span, Says("D6", "The winner of a phone request has at least this long to reach the client.")
    ] = timedelta(minutes=2)
    reply_travels: Annotated[
        Span,
        Says("D6", "So long an answer that was given in time may be under way to us, before silence is told."),
    ] = timedelta(seconds=2)
    open_for: Annotated[Span, Says("B1", "A request that nobody took is shown for this long.")] = timedelta(days=1)
    direct_waits: Annotated[
        Span, Says("C10", "So long a client who was sent to a colleague waits for them alone; then anybody may answer.")
    ] = timedelta(hours=1)
    day_cooldown: Annotated[Span, Says("B5", "So long a specialist waits after an accept by day.")] = timedelta(
        minutes=20
    )
    night_cooldown: Annotated[Span, Says("B5", "So long a specialist waits after an accept by night.")] = timedelta(
        minutes=6
    )
    day_begins: Annotated[time, Says("D4", "The first instant of the day.")] = time(9)
    day_ends: Annotated[time, Says("D4", "The first instant of the night.")] = time(21)
    zone: Annotated[ZoneInfo, Says("D4", "Where the wall clock hangs that tells day from night.")] = MOSCOW
    alive_for: Annotated[
        Span, Says("D12", "So long a request that is not closed makes a later one of its client's part of the same.")
    ] = timedelta(days=180)
    danger_again_after: Annotated[
        Span, Says("T2", "Who says again that they are in danger is heard again, but not more often than this.")
    ] = timedelta(minutes=1)
    one_unanswered: Annotated[
        bool, Says("B21", "A specialist who has not yet answered one request may not take another.")
    ] = False
    receipts_kept: Annotated[
        timedelta,
        Ge(timedelta(days=2)),
        Le(EVER),
        Says("B10", "So long a press on Accept and its receipt are kept, and never shorter than the load chart looks."),
    ] = timedelta(days=400)
    human_reaction: Annotated[
        Span, Says("B4", "A press that comes sooner after its card than this is told to antifraud.")
    ] = timedelta(milliseconds=150)


def reply_due(opened_at: datetime, kind: Kind, rules: RaceRules) -> datetime:
    """Until when the client was promised an answer (B1, D6)."""
    return opened_at + (rules.chat_reply_within if kind == "chat" else rules.phone_reply_within)


def answer_due(accepted_at: datetime, promised: datetime, kind: Kind, rules: RaceRules) -> datetime:
    """Until when the winner answers: what the client was promised, or what a person needs if that is later (D6)."""
    needed = rules.chat_answer_within if kind == "chat" else rules.phone_answer_within
    return max(promised, accepted_at + needed)


def cooldown(accepted_at: datetime, rules: RaceRules) -> timedelta:
    """How long the wait is: the instant of the accept decides, whatever hour the wait runs into (B5, D4)."""
    wall_clock = accepted_at.astimezone(rules.zone).time()
    by_day = rules.day_begins <= wall_clock < rules.day_ends
    return rules.day_cooldown if by_day else rules.night_cooldown
