"""What goes over HTTP about figures over time."""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from libs.events.stats import Figure, Status
from libs.kit.schemas import Output
from services.stats.domain.policy import Zone
from services.stats.queries import Point


class TrendPoint(Output):
    """A figure as of one day: as one knows it today, and as it was shown at that day's end."""

    as_of: date
    now: float
    now_percentile: float
    shown: float | None = Field(description="Null for days that are not over, or on which nothing was known yet.")
    shown_percentile: float | None
    enough_data: bool

    @classmethod
    def of(cls, it: Point) -> Self:
        """A point of the trend."""
        return cls(
            as_of=it.as_of, now=it.now.value, now_percentile=it.now.versus.percentile,
            shown=it.shown and it.shown.value, shown_percentile=it.shown and it.shown.versus.percentile,
            enough_data=it.now.enough,
        )  # fmt: skip


class Trend(Output):
    """One figure over time."""

    figure: Figure
    step: Literal["day", "week", "month"]
    points: list[TrendPoint]


class MonthView(Output):
    """What one month made of a specialist."""

    month: date = Field(description="Its first day.")
    status: Status
    overall: float
    zones: dict[str, Zone | None] = Field(
        description="Green and red where it is almost certain; null: too little data."
    )
    policy_version: int
    benchmark_number: int
    judged_at: datetime


class Months(Output):
    """The months of a specialist, the latest first."""

    items: list[MonthView]


class RatingView(Output):
    """What everybody may know of a specialist: how clients rated the work."""

    specialist_id: UUID
    rating: float | None = Field(description="Stars from 1 to 5; null while there are too few reviews.")
    reviews: int
    words: str
