"""Rows: whose requests are whose, what was asked and decided about them, and what people have to answer."""

from services.support.tables.base import Base
from services.support.tables.cases import POLICIES, CaseRow, RequestRow
from services.support.tables.tickets import DecisionRow, EngagementRow, TicketRow

__all__ = ["POLICIES", "Base", "CaseRow", "DecisionRow", "EngagementRow", "RequestRow", "TicketRow"]
