"""Rows: conversations, messages, and what belongs to them."""

from services.chat.tables.base import Base
from services.chat.tables.conversations import ConversationRow, LiveTicketRow, MessageRow, ReadPositionRow

__all__ = ["Base", "ConversationRow", "LiveTicketRow", "MessageRow", "ReadPositionRow"]
