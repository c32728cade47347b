"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.chat.api import (
    addresses,
    attachments,
    consultations,
    contact_cards,
    conversations,
    endings,
    entries,
    erasures,
    excerpts,
    ledger,
    live,
    messages,
    notifications,
    policies,
    reviews,
    staff_readings,
    templates,
)
from services.chat.api.entries import TooManyTries
from services.chat.api.house import Resources
from services.chat.api.hub import Hub

router = Router()
# Flat and sending first: the framework searches nested routers one after the other, on every request.
for part in (
    messages,
    conversations,
    live,
    contact_cards,
    consultations,
    templates,
    policies,
    notifications,
    entries,
    erasures,
    addresses,
    attachments,
    reviews,
    endings,
    ledger,
    excerpts,
    staff_readings,
):
    router.routes.extend(part.routes.routes)

__all__ = ["Hub", "Resources", "TooManyTries", "router"]
