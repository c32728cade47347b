"""Writes: each function is one transaction's worth."""

from services.intake.commands.feed import admit, issue_ticket, number_feed, tidy_feed
from services.intake.commands.race import press_accept
from services.intake.commands.requests import deactivate_request, join, open_request
from services.intake.commands.sessions import book_session, tell_outcome

__all__ = [
    "admit",
    "book_session",
    "deactivate_request",
    "issue_ticket",
    "join",
    "number_feed",
    "open_request",
    "press_accept",
    "tell_outcome",
    "tidy_feed",
]
