"""Figures, what is behind them, and what changed them, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime

from libs.kit.auth import Principal
from libs.kit.http import Now, Router, Snapshot, roles
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.stats import queries
from services.stats.domain import BackwardWindow, Span, SpecialistUnknown, Window, WindowTooLong, cohort_day
from services.stats.schemas import Change, Conversion, ExplainedEngagement, Figures

routes = Router(prefix="/v1")
Viewer = Annotated[Principal, Depends(roles("specialist", "support", "supervisor"))]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
WINDOW_DAYS = 90
RECENTLY = timedelta(days=30)


async def seen_specialist(specialist_id: UUID, viewer: Viewer) -> UUID:
    """The specialist of the path, if it is they who ask, or their tenant's support."""
    if specialist_id != viewer.id and viewer.role == "specialist":
        raise SpecialistUnknown
    return specialist_id


async def cohorts(
    now: Now,
    first: Annotated[date | None, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY, description="Else 90 days.")] = None,
    last: Annotated[date | None, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY, description="Else today.")] = None,
) -> Window:
    """The cohort days asked for."""
    last = last or cohort_day(now)
    return Window(first or last - timedelta(days=WINDOW_DAYS - 1), last)


async def lately(
    now: Now,
    first: Annotated[AwareDatetime | None, Query(alias="from", ge=FIRST_MOMENT, le=LAST_MOMENT)] = None,
    last: Annotated[AwareDatetime | None, Query(alias="to", ge=FIRST_MOMENT, le=LAST_MOMENT)] = None,
) -> Span:
    """The moments asked for: by default the last 30 days."""
    last = last or now
    return Span(first or last - RECENTLY, last)


Seen = Annotated[UUID, Depends(seen_specialist)]
Cohorts = Annotated[Window, Depends(cohorts)]
Lately = Annotated[Span, Depends(lately)]


@routes.get(
    "/specialists/{specialist_id}/figures",
    tags=["figures"],
    responses=documented(SpecialistUnknown, BackwardWindow, WindowTooLong),
)
async def show_figures(
    *,
    specialist_id: Seen,
    window: Cohorts,
    tx: Snapshot,
    now: Now,
    request: Request,
    known_at: Annotated[AwareDatetime | None, Query(ge=FIRST_MOMENT, le=LAST_MOMENT)] = None,
) -> Figures:
    """What the requests taken on some days have come to, as it is known now or was known at a moment of the past.

    A decision of support changes the figure of the day on which the request was taken, however long ago that was. Ask
    with an earlier `known_at` to see what was shown before.
    """
    past = known_at if known_at is not None and known_at < now else None
    found = await queries.conversion(tx, specialist_id, window, known_at=past)
    link = None if past else f"{request.url.path}/conversion/explanation?from={window.first}&to={window.last}"
    return Figures.of(specialist_id, window, past or now, Conversion.of(found, link))


@routes.get(
    "/specialists/{specialist_id}/figures/conversion/explanation",
    tags=["figures"],
    responses=documented(SpecialistUnknown, BackwardWindow, WindowTooLong, CursorUnknown),
)
async def explain_conversion(
    specialist_id: Seen, window: Cohorts, tx: Snapshot, paging: Paging
) -> Page[ExplainedEngagement]:
    """The engagements behind the figure, each counted in exactly one of its numbers; no word of them, no client."""
    found = await queries.engagements(tx, specialist_id, window, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda row: (row.opened_at, row.request_id), shape=ExplainedEngagement.of)


@routes.get(
    "/specialists/{specialist_id}/changes",
    tags=["changes"],
    responses=documented(SpecialistUnknown, BackwardWindow, CursorUnknown),
)
async def list_changes(specialist_id: Seen, span: Lately, tx: Snapshot, paging: Paging) -> Page[Change]:
    """Why figures changed between two moments: every change with the event, and the decision, that was its cause."""
    found = await queries.changes(tx, specialist_id, span, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda row: (row.recorded_at, row.id), shape=Change.model_validate)
