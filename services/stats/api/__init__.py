"""Endpoints: authenticate, call one command or query, shape the answer."""

from libs.kit.http import Router
from services.stats.api import builds, figures, platform, trends

routes = Router()
for part in (figures, trends, platform, builds):
    routes.routes.extend(part.routes.routes)

__all__ = ["routes"]
