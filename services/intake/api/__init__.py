"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.intake.api import (
    avoidances,
    feed,
    helplines,
    order_stages,
    order_words,
    orders,
    outcomes,
    policies,
    race,
    readiness,
    refusals,
    requests,
    service_kinds,
    sessions,
    slots,
    specialists,
)
from services.intake.api.house import Resources
from services.intake.api.hub import Hub

router = Router()
# Flat and the race first: the framework searches nested routers one after the other, on every request.
for part in (
    race, requests, feed, outcomes, sessions, refusals, policies, readiness, specialists, helplines, orders,
    order_words, order_stages, slots, service_kinds, avoidances,
):  # fmt: skip
    router.routes.extend(part.routes.routes)

__all__ = ["Hub", "Resources", "router"]
