"""Reads, straight from tables to answers."""

from services.intake.queries.feed import Card, Entry, anything_after, entries_after, open_cards, top_of, unnumbered
from services.intake.queries.race import load_press
from services.intake.queries.requests import Standing, contact_of, moment, request_of, seen_request, standing
from services.intake.queries.sessions import session_of

__all__ = [
    "Card",
    "Entry",
    "Standing",
    "anything_after",
    "contact_of",
    "entries_after",
    "load_press",
    "moment",
    "open_cards",
    "request_of",
    "seen_request",
    "session_of",
    "standing",
    "top_of",
    "unnumbered",
]
