"""What support decides, and by which rules: values in, an event or an error out."""

from services.support.domain import cases
from services.support.domain.cases import (
    Case,
    CaseClosed,
    CaseNotClosed,
    CaseNotYours,
    CaseStatus,
    CaseTaken,
    CaseUnknown,
    Desk,
    OutcomeUnfit,
)
from services.support.domain.rules import CaseRules, Rules
from services.support.domain.tickets import (
    AlreadyDecided,
    AlreadyExcluded,
    DenialReason,
    Deny,
    EvidenceMissing,
    Exclude,
    NothingToReinstate,
    OwnTicket,
    Register,
    RequestNotHeardOf,
    RequestUnknown,
    Status,
    Ticket,
    TicketStillOpen,
    TicketUnknown,
    Verdict,
    decide,
    open_ticket,
    reinstate,
)

__all__ = [
    "AlreadyDecided", "AlreadyExcluded", "Case", "CaseClosed", "CaseNotClosed", "CaseNotYours", "CaseRules",
    "CaseStatus", "CaseTaken", "CaseUnknown", "DenialReason", "Deny", "Desk", "EvidenceMissing", "Exclude",
    "NothingToReinstate", "OutcomeUnfit", "OwnTicket", "Register", "RequestNotHeardOf", "RequestUnknown", "Rules",
    "Status", "Ticket", "TicketStillOpen", "TicketUnknown", "Verdict", "cases", "decide", "open_ticket", "reinstate",
]  # fmt: skip
