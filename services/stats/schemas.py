"""What goes over HTTP about figures."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.kit.schemas import Output
from services.stats import domain
from services.stats.domain import Engagement, Metric, Window
from services.stats.tables import EngagementRow

_SPECIALIST = "01926f3c-8a00-7000-8000-0000000000b1"
_REQUEST = "01926f3c-8a00-7000-8000-000000000a01"
_EVENT = "01926f3c-8a00-7000-8000-000000000f01"
_DECISION = "01926f3c-8a00-7000-8000-000000000e01"
_EXPLANATION = f"/v1/specialists/{_SPECIALIST}/figures/conversion/explanation?from=2026-02-01&to=2026-02-28"
_CONVERSION: dict[str, JsonValue] = {
    "won": 12, "lost": 25, "excluded": 4, "estimate": 0.3243243243243243,
    "words": "12 of 37 requests led to a first session", "explanation": _EXPLANATION,
}  # fmt: skip
_FIGURES: dict[str, JsonValue] = {
    "specialist_id": _SPECIALIST, "from": "2026-02-01", "to": "2026-02-28", "as_of": "2026-02-28",
    "known_at": "2026-03-02T19:12:41Z", "conversion": _CONVERSION,
}  # fmt: skip
_ENGAGEMENT: dict[str, JsonValue] = {
    "request_id": _REQUEST, "day": "2026-02-11", "state": "excluded", "decision_id": _DECISION,
}  # fmt: skip
_CHANGE: dict[str, JsonValue] = {
    "recorded_at": "2026-03-02T19:12:41Z", "request_id": _REQUEST, "day": "2026-02-11", "metric": "lost",
    "delta": -1, "event_id": _EVENT, "decision_id": _DECISION,
}  # fmt: skip


class Conversion(Output):
    """The share of accepted requests that led to a first session."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CONVERSION]})

    won: int
    lost: int
    excluded: int = Field(description="Struck from the record by support: in neither of the other two.")
    estimate: float | None = Field(description="won / (won + lost); null while nothing counts yet, never zero for it.")
    words: str
    explanation: str | None = Field(
        description="Where the engagements behind this are listed, as they are known now; null for what was known then."
    )

    @classmethod
    def of(cls, known: domain.Conversion, explanation: str | None) -> Self:
        """As the domain knows it."""
        estimate = None if known.estimate is None else float(known.estimate)
        return cls(
            won=known.won, lost=known.lost, excluded=known.excluded,
            estimate=estimate, words=known.words, explanation=explanation,
        )  # fmt: skip


class Figures(Output):
    """A specialist's figures for engagements that began in a window of UTC days."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURES]})

    specialist_id: UUID
    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]
    as_of: date = Field(description="The last day whose engagements are in.")
    known_at: datetime = Field(description="What was heard after this moment is not in.")
    conversion: Conversion

    @classmethod
    def of(cls, specialist_id: UUID, window: Window, known_at: datetime, conversion: Conversion) -> Self:
        """The figures of one window."""
        return cls(
            specialist_id=specialist_id, first=window.first, last=window.last, as_of=window.last,
            known_at=known_at, conversion=conversion,
        )  # fmt: skip


class ExplainedEngagement(Output):
    """One engagement, and where it counts."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENGAGEMENT]})

    request_id: UUID
    day: date = Field(description="The UTC day on which it began, and to which it belongs for good.")
    state: Metric
    decision_id: UUID | None = Field(description="What support decided about it last, be it to put it back.")

    @classmethod
    def of(cls, row: EngagementRow) -> Self:
        """As the domain judges it."""
        seen = Engagement(row.opened_at, row.held, row.struck)
        ((day, state),) = domain.contribution(seen)
        return cls(request_id=row.request_id, day=day, state=state, decision_id=row.decision_id)


class Change(Output):
    """One counter changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    recorded_at: datetime
    request_id: UUID
    day: date
    metric: Metric
    delta: int
    event_id: UUID = Field(description="The event that did it.")
    decision_id: UUID | None = Field(description="The decision of support behind it, if one was.")
