"""What stats says: that a figure of the past is no longer what it was, and why."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event

Count = Annotated[int, Meta(ge=0)]


class FiguresRestated(Event, topic="stats.figures", key="specialist_id"):
    """A decision changed what the engagements opened on a past UTC day had come to."""

    specialist_id: UUID
    metric: Literal["conversion"]
    day: date
    won_before: Count
    won_after: Count
    lost_before: Count
    lost_after: Count
    decision_id: UUID
