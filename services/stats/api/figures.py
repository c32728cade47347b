"""Figures, what is behind them, what changed them and what would, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime
from sqlalchemy import RowMapping

from libs.events.stats import Figure
from libs.kit.auth import Principal
from libs.kit.http import Caller, Now, Router, Snapshot, roles
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.stats import domain, queries
from services.stats.domain import (
    FIGURES,
    BackwardWindow,
    PastSupposed,
    RequestTwice,
    RequestUnknown,
    Ruling,
    SpecialistUnknown,
    Window,
    last_days,
    windows,
)
from services.stats.queries import Basis
from services.stats.schemas import (
    ChangeView,
    ExplainedView,
    FiguresView,
    RatingView,
    Supposition,
    WhatIf,
)

routes = Router(prefix="/v1")
Viewer = Annotated[Principal, Depends(roles("specialist", "support", "supervisor", "analyst", "partner"))]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
LENGTHS = {"30": 30, "90": 90, "365": 365, "lifetime": 0}
RECENTLY = timedelta(days=30)
NOBODY = UUID(int=0)

Day = Annotated[date | None, Query(ge=FIRST_DAY, le=LAST_DAY)]
KnownAt = Annotated[
    AwareDatetime | None,
    Query(ge=FIRST_MOMENT, le=LAST_MOMENT, description="Answer as one would have been answered at this moment."),
]


async def seen_specialist(specialist_id: UUID, viewer: Viewer) -> UUID:
    """The specialist of the path, if it is they who ask, their tenant's staff, or a partner who may see figures."""
    foreign = viewer.role == "specialist" and specialist_id != viewer.id
    if foreign or (viewer.role == "partner" and "figures:read" not in viewer.scopes):
        raise SpecialistUnknown
    return specialist_id


async def asked_basis(tx: Snapshot, now: Now, as_of: Day = None, known_at: KnownAt = None) -> Basis:
    """By what to answer, and as of which day: by default as of the day of the moment that is asked about."""
    day = as_of or domain.utc_day(min(known_at or now, now))
    return await queries.basis(tx, known_at=known_at, now=now, as_of=day)


async def own_address(request: Request, specialist_id: UUID) -> str:
    """Where this specialist is found here, however the service is mounted."""
    return f"{request.url.path.partition('/specialists/')[0]}/specialists/{specialist_id}"


Address = Annotated[str, Depends(own_address)]
Seen = Annotated[UUID, Depends(seen_specialist)]
Asked = Annotated[Basis, Depends(asked_basis, scope="function")]


async def asked_windows(
    basis: Asked,
    length: Annotated[
        Literal["30", "90", "365", "lifetime"] | None,
        Query(alias="window", description="Days up to `as_of`, for all figures; each has its own window otherwise."),
    ] = None,
    first: Annotated[date | None, Query(alias="from", ge=FIRST_DAY, le=LAST_DAY)] = None,
    last: Annotated[date | None, Query(alias="to", ge=FIRST_DAY, le=LAST_DAY)] = None,
) -> dict[Figure, Window]:
    """The cohort days of each figure; `from` and `to` name them outright."""
    if first or last:
        last = last or basis.by.as_of
        return dict.fromkeys(FIGURES, Window(first or last_days(90, last).first, last))
    return windows(basis.by.policy, basis.by.as_of, days=LENGTHS[length] if length else None)


async def lately(
    now: Now,
    first: Annotated[AwareDatetime | None, Query(alias="from", ge=FIRST_MOMENT, le=LAST_MOMENT)] = None,
    last: Annotated[AwareDatetime | None, Query(alias="to", ge=FIRST_MOMENT, le=LAST_MOMENT)] = None,
) -> tuple[datetime, datetime]:
    """The moments asked for: by default the last 30 days."""
    last = last or now
    if (first or last) > last:
        raise BackwardWindow
    return first or last - RECENTLY, last


Windows = Annotated[dict[Figure, Window], Depends(asked_windows, scope="function")]
Lately = Annotated[tuple[datetime, datetime], Depends(lately)]


@routes.get(
    "/specialists/{specialist_id}/figures", tags=["figures"], responses=documented(SpecialistUnknown, BackwardWindow)
)
async def show_figures(
    specialist_id: Seen, address: Address, basis: Asked, windows: Windows, tx: Snapshot
) -> FiguresView:
    """A specialist's figures beside the platform's, as they are known now or were known at a moment of the past.

    A decision of support changes the figures of the day on which the request was taken, however long ago that was. Ask
    with an earlier `known_at` to be answered as one was answered then, by the policy and the benchmark of then.
    """
    found = await queries.read_figures(tx, specialist_id, basis, windows)
    return FiguresView.of(specialist_id, address, basis, found)


@routes.get(
    "/specialists/{specialist_id}/figures/{figure}/explanation",
    tags=["figures"],
    responses=documented(SpecialistUnknown, BackwardWindow, CursorUnknown),
)
async def explain_figure(  # noqa: PLR0917 - what a reader may ask
    specialist_id: Seen, figure: Figure, basis: Asked, windows: Windows, tx: Snapshot, paging: Paging
) -> Page[ExplainedView]:
    """The cases behind a figure, whose sums are its inputs; no word of them, no client.

    Summed over all pages, `won`, `kept`, `gained` or `in_time` of `counts` is the figure's `inputs.won`, and the
    `weight` of the lost and maturing its `lost_weight`.
    """
    rows = await queries.explanation(
        tx, figure, specialist_id, basis, windows[figure], after=paging.after, limit=paging.limit + 1
    )

    def shape(row: RowMapping) -> ExplainedView:
        cells = queries.cells(row)
        return ExplainedView.of(row, cells, domain.explained(figure, row["day"], cells, basis.by))

    return paging.page(
        rows, key=lambda row: (row["day"].isoformat(), row["entity_kind"], row["entity_id"]), shape=shape
    )


@routes.post(
    "/specialists/{specialist_id}/what-if",
    tags=["figures"],
    responses=documented(SpecialistUnknown, RequestUnknown, RequestTwice, PastSupposed, BackwardWindow),
)
async def suppose(  # noqa: PLR0917 - what a reader may ask
    specialist_id: Seen, address: Address, supposition: Supposition, basis: Asked, windows: Windows, tx: Snapshot
) -> WhatIf:
    """What the figures would be if support struck these requests from the record, or put them back. Nothing changes.

    Once support has decided so, the figures as of the same day are exactly these.
    """
    if basis.past:
        raise PastSupposed
    rulings = {
        it.request_id: Ruling(0, NOBODY, it.excluded, NOBODY, it.ground, it.scope) for it in supposition.decisions
    }
    if len(rulings) < len(supposition.decisions):
        raise RequestTwice
    deltas = await queries.supposed(tx, specialist_id, basis.build, rulings)
    before = await queries.read_figures(tx, specialist_id, basis, windows)
    after = await queries.read_figures(tx, specialist_id, basis, windows, also=deltas)
    return WhatIf(
        before=FiguresView.of(specialist_id, address, basis, before),
        after=FiguresView.of(specialist_id, address, basis, after),
    )


@routes.get(
    "/specialists/{specialist_id}/changes",
    tags=["changes"],
    responses=documented(SpecialistUnknown, BackwardWindow, CursorUnknown),
)
async def list_changes(specialist_id: Seen, span: Lately, tx: Snapshot, paging: Paging) -> Page[ChangeView]:
    """Why figures changed between two moments: every change with the event, and the decision, that was its cause."""
    rows = await queries.changes(tx, specialist_id, *span, after=paging.after, limit=paging.limit + 1)
    return paging.page(
        rows,
        key=lambda row: (row["recorded_at"], row["number"]),
        shape=lambda row: ChangeView.of(row, queries.cells(row)),
    )


@routes.get("/specialists/{specialist_id}/rating", tags=["rating"])
async def show_rating(specialist_id: UUID, _: Caller, tx: Snapshot, now: Now) -> RatingView:
    """What clients may know before they choose: how others rated the work, and nothing of its figures."""
    basis = await queries.basis(tx, known_at=None, now=now, as_of=domain.utc_day(now))
    asked = windows(basis.by.policy, basis.by.as_of)
    found = await queries.read_figures(tx, specialist_id, basis, asked)
    reviews = found.estimates["reviews"]
    return RatingView(
        specialist_id=specialist_id, rating=round(reviews.value, 1) if reviews.enough else None,
        reviews=reviews.counts.won, words=reviews.words,
    )  # fmt: skip
