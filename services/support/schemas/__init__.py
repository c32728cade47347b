"""What goes over HTTP."""

from services.support.schemas.cases import CaseView, NewClosure, NewReopening, PartyCaseView
from services.support.schemas.tickets import DECISIONS, Decision, NewDecision, NewTicket, Ticket, TicketSummary

__all__ = [
    "DECISIONS", "CaseView", "Decision", "NewClosure", "NewDecision", "NewReopening", "NewTicket", "PartyCaseView",
    "Ticket", "TicketSummary",
]  # fmt: skip
