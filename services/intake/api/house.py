"""What several endpoints ask for: the house rules of a tenant."""

from starlette.requests import HTTPConnection

from libs.kit.http import settings_of
from services.intake.domain import Rules
from services.intake.settings import Settings


def rules_of(connection: HTTPConnection, tenant: str) -> Rules:
    """The rules that bind this tenant."""
    return settings_of(connection, Settings).rules_for(tenant)
