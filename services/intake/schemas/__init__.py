"""What goes over HTTP."""

from services.intake.schemas.race import AcceptanceView, FeedTicket, ReceiptView
from services.intake.schemas.readiness import Readiness
from services.intake.schemas.refusals import (
    MergeView,
    NewPurchase,
    NewRefusal,
    PurchaseView,
    RefusalView,
    RefusalWindow,
)
from services.intake.schemas.requests import Concern, ContactView, Handed, NewReferral, NewRequest, RequestView
from services.intake.schemas.sessions import NewOutcome, NewSession, NewTime, SessionView
from services.intake.schemas.specialists import SpecialistView

__all__ = [
    "AcceptanceView", "Concern", "ContactView", "FeedTicket", "Handed",
    "MergeView", "NewOutcome", "NewPurchase", "NewReferral", "NewRefusal", "NewRequest", "NewSession",
    "NewTime", "PurchaseView", "Readiness", "ReceiptView", "RefusalView",
    "RefusalWindow", "RequestView", "SessionView", "SpecialistView",
]  # fmt: skip
