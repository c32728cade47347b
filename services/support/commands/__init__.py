"""Writes: each function is one transaction's worth."""

from services.support.commands.cases import (
    close_case,
    give_case_back,
    open_case,
    remember_request,
    reopen_case,
    take_case,
    tell_overdue,
)
from services.support.commands.tickets import decide, open_ticket, reinstate, remember_engagement

__all__ = [
    "close_case", "decide", "give_case_back", "open_case", "open_ticket", "reinstate", "remember_engagement",
    "remember_request", "reopen_case", "take_case", "tell_overdue",
]  # fmt: skip
