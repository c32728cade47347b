"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.support.api import cases, own_cases, policies, tickets

router = Router()
for part in (tickets, cases, own_cases, policies):
    router.routes.extend(part.routes.routes)

__all__ = ["router"]
