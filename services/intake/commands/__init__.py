"""Writes: each function is one transaction's worth."""

from services.intake.commands.contacts import SealedPhone, open_phone, seal_phone
from services.intake.commands.feed import admit, issue_ticket, number_feed, tidy_feed
from services.intake.commands.policies import NoSuchRule, change_policy
from services.intake.commands.race import press_accept, tell_refusals
from services.intake.commands.requests import (
    Call,
    deactivate_request,
    hear_answer,
    new_id,
    open_request,
    pass_time,
    turn_request,
)
from services.intake.commands.sessions import book_session, tell_outcome
from services.intake.commands.specialists import join

__all__ = [
    "Call", "NoSuchRule", "SealedPhone", "admit", "book_session", "change_policy", "deactivate_request", "hear_answer",
    "issue_ticket", "join", "new_id", "number_feed", "open_phone", "open_request", "pass_time", "press_accept",
    "seal_phone", "tell_outcome", "tell_refusals", "tidy_feed", "turn_request",
]  # fmt: skip
