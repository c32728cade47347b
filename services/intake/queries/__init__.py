"""Reads: straight from tables to answers."""

from libs.kit.clock import moment
from services.intake.queries import offers, orders, queues
from services.intake.queries.engagements import (
    Purchase,
    engagement_of,
    linked_to,
    lock_requests,
    merge_of,
    others_merged,
    purchases_of,
    standing,
)
from services.intake.queries.feed import (
    Card,
    Entry,
    entries_after,
    news_after,
    open_cards,
    racers_of,
    top_of,
)
from services.intake.queries.policies import BOOK, rules_of, rules_with
from services.intake.queries.race import Presser, load_press
from services.intake.queries.requests import (
    SealedContact,
    SeenRequest,
    alive,
    contact_of,
    due_requests,
    former_winner,
    joined_at,
    place_of,
    racer_of,
    request_of,
    requests_of,
    seen_request,
)
from services.intake.queries.sessions import seen_session, seen_sessions, session_of, sessions_of

__all__ = [
    "BOOK",
    "Card",
    "Entry",
    "Presser",
    "Purchase",
    "SealedContact",
    "SeenRequest",
    "alive",
    "contact_of",
    "due_requests",
    "engagement_of",
    "entries_after",
    "former_winner",
    "joined_at",
    "linked_to",
    "load_press",
    "lock_requests",
    "merge_of",
    "moment",
    "news_after",
    "offers",
    "open_cards",
    "orders",
    "others_merged",
    "place_of",
    "purchases_of",
    "queues",
    "racer_of",
    "racers_of",
    "request_of",
    "requests_of",
    "rules_of",
    "rules_with",
    "seen_request",
    "seen_session",
    "seen_sessions",
    "session_of",
    "sessions_of",
    "standing",
    "top_of",
]  # fmt: skip
