"""What stats says: that a figure of the past is no longer what it was, and why."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Moment

Count = Annotated[int, Meta(ge=0)]


class FiguresRestated(Event, topic="stats.figures", key="specialist_id"):
    """A decision changed the conversion counts of a past day."""

    specialist_id: UUID
    metric: Literal["conversion"]
    day: Moment
    won_before: Count
    won_after: Count
    lost_before: Count
    lost_after: Count
    decision_id: UUID
