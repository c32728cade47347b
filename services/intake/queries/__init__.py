"""Reads: straight from tables to answers."""

from services.intake.queries.feed import (
    Card,
    Entry,
    anything_after,
    entries_after,
    open_cards,
    racers_of,
    top_of,
    unnumbered,
)
from services.intake.queries.policies import ADAPTER, DEFAULTS, policy_history, rules_of, rules_with
from services.intake.queries.race import Presser, load_press
from services.intake.queries.requests import (
    SealedContact,
    SeenRequest,
    alive,
    contact_of,
    due_requests,
    former_winner,
    joined_at,
    moment,
    racer_of,
    request_of,
    seen_request,
)
from services.intake.queries.sessions import session_of

__all__ = [
    "ADAPTER", "DEFAULTS", "Card", "Entry", "Presser", "SealedContact", "SeenRequest", "alive", "anything_after",
    "contact_of", "due_requests", "entries_after", "former_winner", "joined_at", "load_press", "moment", "open_cards",
    "policy_history", "racer_of", "racers_of", "request_of", "rules_of", "rules_with", "seen_request", "session_of",
    "top_of", "unnumbered",
]  # fmt: skip
