"""Figures over time, and what months made of them."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import Query

from libs.events.stats import Figure
from libs.kit.http import Now, Router, Snapshot
from libs.kit.problems import documented
from services.stats import domain, queries
from services.stats.api.figures import FIRST_DAY, LAST_DAY, Seen
from services.stats.domain import BackwardWindow, SpecialistUnknown, TooManyPoints, month_before
from services.stats.schemas import Months, MonthView, Trend, TrendPoint

routes = Router(prefix="/v1")
Step = Literal["day", "week", "month"]
MOST = 62
USUAL = 13


@routes.get(
    "/specialists/{specialist_id}/trend",
    tags=["figures"],
    responses=documented(SpecialistUnknown, BackwardWindow, TooManyPoints),
)
async def show_trend(  # noqa: PLR0917 - what a reader may ask
    specialist_id: Seen,
    tx: Snapshot,
    now: Now,
    figure: Figure = "conversion",
    step: Step = "week",
    first: Annotated[date | None, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY)] = None,
    last: Annotated[date | None, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY)] = None,
) -> Trend:
    """One figure as of a row of days, ready to be plotted: as the facts known now make it, and as it was shown then.

    Where the two lines differ, the past was rewritten; the changes say by what.
    """
    days = days_of(step, first, min(last or domain.utc_day(now), domain.utc_day(now)))
    points = await queries.trend(tx, specialist_id, figure, days, now=now)
    return Trend(figure=figure, step=step, points=[TrendPoint.of(point) for point in points])


def days_of(step: Step, first: date | None, last: date) -> list[date]:
    """The days of a row, the last of all at its end. Raises BackwardWindow, TooManyPoints."""
    if first is not None and first > last:
        raise BackwardWindow
    days = [last]
    while len(days) <= MOST and (len(days) < USUAL if first is None else earlier(step, days[-1]) >= first):
        days.append(earlier(step, days[-1]))
    if len(days) > MOST:
        raise TooManyPoints
    return days[::-1]


def earlier(step: Step, day: date) -> date:
    """The day before it in a row; in steps of months, the last day of the month before."""
    if step == "month":
        return domain.last_of(month_before(domain.month_of(day)))
    return day - timedelta(days=1 if step == "day" else 7)


@routes.get("/specialists/{specialist_id}/statuses", tags=["statuses"], responses=documented(SpecialistUnknown))
async def list_statuses(specialist_id: Seen, tx: Snapshot) -> Months:
    """What the last months made of a specialist, the latest first; a month whose past changed is judged anew."""
    return Months(items=[MonthView.model_validate(row) for row in await queries.statuses(tx, specialist_id)])
