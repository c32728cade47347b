"""Who answers when it cannot wait. Served without a caller, without a database and without a refusal."""

from typing import Annotated, Final

from fastapi import Query, Response

from libs.kit.helplines import HelplineView, helplines_for
from libs.kit.http import PUBLIC, Router

routes = Router(prefix="/v1", tags=["helplines"])
# Kept by everybody on the way for a day, and for a month when we do not answer.
KEPT: Final = "public, max-age=86400, stale-while-revalidate=86400, stale-if-error=2592000"


@routes.get("/helplines", policy=PUBLIC)
async def list_helplines(
    response: Response,
    country: Annotated[str | None, Query(description="ISO 3166, two letters.", examples=["UA"])] = None,
    language: Annotated[str | None, Query(description="ISO 639, two letters.", examples=["uk"])] = None,
) -> list[HelplineView]:
    """Helplines of a country; of those we know nothing of, where the language is spoken. There is always one."""
    response.headers["Cache-Control"] = KEPT
    return [HelplineView.model_validate(each) for each in helplines_for(country, language)]
