"""What goes over HTTP."""

from services.intake.schemas.policies import ClauseView, NewPolicy, PolicyVersionView, PolicyView
from services.intake.schemas.race import AcceptanceView, Card, FeedTicket, Readiness, ReceiptView, SpecialistView
from services.intake.schemas.requests import Concern, ContactView, Handed, NewReferral, NewRequest, RequestView
from services.intake.schemas.sessions import NewOutcome, NewSession, SessionView

__all__ = [
    "AcceptanceView", "Card", "ClauseView", "Concern", "ContactView", "FeedTicket", "Handed", "NewOutcome", "NewPolicy",
    "NewReferral", "NewRequest", "NewSession", "PolicyVersionView", "PolicyView", "Readiness", "ReceiptView",
    "RequestView", "SessionView", "SpecialistView",
]  # fmt: skip
