"""Rows: conversations, messages, and what belongs to them."""

from services.chat.tables.base import Base
from services.chat.tables.consultations import ConsultationRow, SessionRow
from services.chat.tables.conversations import ConversationRow, LiveTicketRow, MessageRow, ReadPositionRow
from services.chat.tables.ledger import CheckpointRow, LedgerEntryRow, LedgerHeadRow, LedgerLeafRow
from services.chat.tables.templates import POLICIES, TemplateRow

__all__ = [
    "POLICIES",
    "Base",
    "CheckpointRow",
    "ConsultationRow",
    "ConversationRow",
    "LedgerEntryRow",
    "LedgerHeadRow",
    "LedgerLeafRow",
    "LiveTicketRow",
    "MessageRow",
    "ReadPositionRow",
    "SessionRow",
    "TemplateRow",
]
