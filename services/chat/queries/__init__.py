"""Reads: straight from tables to answers."""

from libs.kit.clock import moment
from services.chat.queries.addresses import address_of
from services.chat.queries.conversations import (
    conversation,
    conversations,
    has_side,
    messages,
    mode_of,
    read_positions,
    readable_after,
    side_of,
)
from services.chat.queries.entries import Visitor, entry_is_good, visitor
from services.chat.queries.excerpts import excerpts, genuine
from services.chat.queries.gallery import Gallery
from services.chat.queries.helplines import helplines
from services.chat.queries.ledger import (
    grown_chains,
    grown_ledgers,
    last_checkpoint,
    ledger_begins,
    ledger_entries,
    ledger_head,
    ledger_proof,
)
from services.chat.queries.live import Room, rooms, stays, tail
from services.chat.queries.notifications import Silence, due_notifications, silence, told_tenants
from services.chat.queries.policies import BOOK, rules_of
from services.chat.queries.reviews import (
    introduction_of,
    place_of_introduction,
    review_greeting,
    review_of,
    solution_of,
    talk_about,
)
from services.chat.queries.staff import messages_for_staff, observed_conversation
from services.chat.queries.vault import KeptMessage, SealedMessage, Vault

__all__ = [
    "BOOK", "Gallery", "KeptMessage", "Room", "SealedMessage", "Silence", "Vault", "Visitor", "address_of",
    "conversation", "conversations", "due_notifications", "entry_is_good", "excerpts", "genuine", "grown_chains",
    "grown_ledgers", "has_side", "helplines", "introduction_of", "last_checkpoint", "ledger_begins", "ledger_entries",
    "ledger_head", "ledger_proof", "messages", "messages_for_staff", "mode_of", "moment", "observed_conversation",
    "place_of_introduction", "read_positions", "readable_after", "review_greeting", "review_of", "rooms", "rules_of",
    "side_of", "silence", "solution_of", "stays", "tail", "talk_about", "told_tenants", "visitor",
]  # fmt: skip
