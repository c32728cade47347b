"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.intake.api import feed, outcomes, policies, race, requests, sessions
from services.intake.api.house import Resources
from services.intake.api.hub import Hub

router = Router()
# Flat and the race first: the framework searches nested routers one after the other, on every request.
for part in (race, requests, feed, outcomes, sessions, policies):
    router.routes.extend(part.routes.routes)

__all__ = ["Hub", "Resources", "router"]
