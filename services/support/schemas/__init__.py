"""What goes over HTTP."""

from services.support.schemas.cases import CaseView, NewClosure, PartyCaseView
from services.support.schemas.tickets import DECISIONS, Decision, NewDecision, NewTicket, Ticket, TicketSummary

__all__ = [
    "DECISIONS", "CaseView", "Decision", "NewClosure", "NewDecision", "NewTicket", "PartyCaseView", "Ticket",
    "TicketSummary",
]  # fmt: skip
