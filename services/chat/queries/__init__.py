"""Reads: straight from tables to answers."""

from libs.kit.clock import moment
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
from services.chat.queries.live import Room, rooms, tail
from services.chat.queries.policies import BOOK, rules_of
from services.chat.queries.vault import KeptMessage, SealedMessage, Vault

__all__ = [
    "BOOK",
    "KeptMessage",
    "Room",
    "SealedMessage",
    "Vault",
    "conversation",
    "conversations",
    "has_side",
    "messages",
    "mode_of",
    "moment",
    "read_positions",
    "readable_after",
    "rooms",
    "rules_of",
    "side_of",
    "tail",
]  # fmt: skip
