"""What several endpoints ask for: the house rules of the caller's tenant."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from libs.kit.http import identified, settings_of
from services.intake import domain
from services.intake.settings import Settings


async def rules(connection: HTTPConnection) -> domain.Rules:
    """The rules that bind whoever is calling."""
    caller = await identified(connection)
    return settings_of(connection, Settings).rules_for(caller.tenant)


Rules = Annotated[domain.Rules, Depends(rules)]
