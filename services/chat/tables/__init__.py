"""Rows: conversations, messages, and what belongs to them."""

from services.chat.tables.attachments import AttachmentRow
from services.chat.tables.base import Base
from services.chat.tables.consultations import ConsultationRow, SessionRow
from services.chat.tables.conversations import ConversationRow, LiveTicketRow, MessageRow, ReadPositionRow
from services.chat.tables.erasures import ErasureRow
from services.chat.tables.helplines import HelpNeedRow
from services.chat.tables.ledger import CheckpointRow, LedgerEntryRow, LedgerHeadRow, LedgerLeafRow
from services.chat.tables.notifications import AddressRow, AttentionRow, EntryRow, GuestRow, NotificationRow
from services.chat.tables.reviews import RepresentativeRow, ReviewRow, SolutionRow
from services.chat.tables.templates import POLICIES, TemplateRow

__all__ = [
    "POLICIES", "AddressRow", "AttachmentRow", "AttentionRow", "Base", "CheckpointRow", "ConsultationRow",
    "ConversationRow", "EntryRow", "ErasureRow", "GuestRow", "HelpNeedRow", "LedgerEntryRow", "LedgerHeadRow",
    "LedgerLeafRow", "LiveTicketRow", "MessageRow", "NotificationRow", "ReadPositionRow", "RepresentativeRow",
    "ReviewRow", "SessionRow", "SolutionRow", "TemplateRow",
]  # fmt: skip
