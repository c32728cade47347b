"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.intake.api import feed, race, requests, sessions
from services.intake.api.hub import Hub

router = Router(prefix="/v1")
for part in (race, requests, feed, sessions):
    router.include_router(part.routes)

__all__ = ["Hub", "router"]
