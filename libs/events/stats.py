"""What stats says: that a figure of the past is no longer what it was, and why; what figures are compared with."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from libs.events.base import Event

Metric = Literal[
    "won", "lost", "excluded", "withdrawn", "released", "merged", "one_off", "refused",
    "contacts", "gained", "unviewed", "views",
    "kept", "gone", "sessions",
    "in_time", "late", "unanswered", "forgiven",
    "waited_4s", "waited_8s", "waited_16s", "waited_32s", "waited_64s", "waited_128s", "waited_256s", "waited_512s",
    "waited_17m", "waited_34m", "waited_68m", "waited_longer",
    "reviews", "stars", "annulled",
]  # fmt: skip
Figure = Literal["conversion", "effectiveness", "retention", "reviews", "reply_promise"]
Status = Literal["super", "active", "probation", "deactivated"]


class CountRestated(msgspec.Struct, frozen=True, gc=False):
    """One count of a day, as it was and as it is."""

    metric: Metric
    before: Annotated[int, Meta(ge=0)]
    after: Annotated[int, Meta(ge=0)]


class FiguresRestated(Event, topic="stats.figures", key="specialist_id", version=2):
    """What a past UTC day had come to changed, because somebody decided so."""

    specialist_id: UUID
    day: date
    cause: Literal["exclusion", "merge", "annulment"]
    decision_id: Annotated[UUID | None, Meta(description="Support's decision, where it was one.")]
    changed: tuple[CountRestated, ...]


class BenchmarkPublished(Event, topic="stats.figures", key="benchmark_id"):
    """What figures of a tenant are compared with from now on; what it says never changes."""

    benchmark_id: UUID
    number: Annotated[int, Meta(ge=1)]
    as_of: date


class StatusChanged(Event, topic="stats.figures", key="specialist_id"):
    """The status of a specialist for a month was set, or is another now that the past is."""

    specialist_id: UUID
    month: Annotated[date, Meta(description="Its first day.")]
    before: Status | None
    after: Status
    restated: Annotated[bool, Meta(description="Whether a month already judged was judged anew.")]
