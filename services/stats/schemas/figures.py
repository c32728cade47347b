"""What goes over HTTP about figures, what is behind them and what would be."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from libs.events.stats import Figure
from libs.events.support import Ground, Scope
from libs.kit.schemas import Input, Output
from services.stats import domain
from services.stats.domain.explained import Stands
from services.stats.domain.facts import Kind
from services.stats.queries import Basis

_SPECIALIST = "01926f3c-8a00-7000-8000-0000000000b1"
_REQUEST = "01926f3c-8a00-7000-8000-000000000a01"
_EVENT = "01926f3c-8a00-7000-8000-000000000f01"
_DECISION = "01926f3c-8a00-7000-8000-000000000e01"
_LINK = f"/stats/v1/specialists/{_SPECIALIST}/figures/conversion/explanation?from=2026-01-01&to=2026-03-31"
_WINDOW: dict[str, JsonValue] = {"from": "2026-01-01", "to": "2026-03-31"}
_COUNTS: dict[str, JsonValue] = {
    "won": 12, "lost": 25, "maturing": 3, "excluded": 4, "forgiven": 1, "refused": 1, "one_off": 2,
    "released": 1,
}  # fmt: skip
_VERSUS: dict[str, JsonValue] = {
    "average": 0.3, "p_above": 0.548, "percentile": 0.547, "words": "in line with the platform average",
}  # fmt: skip
_ESTIMATE: dict[str, JsonValue] = {
    "window": _WINDOW, "estimate": 0.3095, "interval": {"low": 0.214, "high": 0.412}, "raw": 0.3243,
    "counts": _COUNTS, "inputs": {"alpha": 6.0, "beta": 14.0, "won": 12, "lost_weight": 26.16},
    "versus_platform": _VERSUS, "enough_data": True,
    "words": "12 of 40 requests led to a first session; 3 are too young to count in full", "shown": {},
    "explanation": _LINK,
}  # fmt: skip
_FIGURES: dict[str, JsonValue] = {
    "specialist_id": _SPECIALIST, "as_of": "2026-03-31", "known_at": "2026-03-31T19:12:41Z", "policy_version": 1,
    "benchmark_version": 17, "overall": {"value": 53.1, "enough_data": True, "words": "53 of 100; 50 is usual"},
    **dict.fromkeys(("conversion", "effectiveness", "retention", "reviews", "reply_promise"), _ESTIMATE),
}  # fmt: skip
_EXPLAINED: dict[str, JsonValue] = {
    "kind": "engagement", "id": _REQUEST, "day": "2026-02-11", "stands": "excluded", "weight": 0.0,
    "counts": {"excluded": 1, "in_time": 1}, "rule": "R5", "decision_id": _DECISION,
}  # fmt: skip
_CHANGE: dict[str, JsonValue] = {
    "recorded_at": "2026-03-02T19:12:41Z", "kind": "engagement", "id": _REQUEST, "day": "2026-02-11",
    "deltas": {"lost": -1, "excluded": 1}, "event_id": _EVENT, "decision_id": _DECISION,
}  # fmt: skip


class WindowView(Output):
    """UTC days on which cases began, the first and the last included."""

    first: Annotated[date, Field(serialization_alias="from")]
    last: Annotated[date, Field(serialization_alias="to")]


class Interval(Output):
    """With 90 % probability the truth lies between these."""

    low: float
    high: float


class CountsView(Output):
    """Cases by what became of them."""

    won: int
    lost: int
    maturing: int = Field(description="Not won so far, and too young to be counted in full.")
    excluded: int = Field(description="Struck from the record by support: in neither of the others (R5).")
    forgiven: int = Field(description="Broken reply promises that an exclusion, a withdrawal or a release forgave.")
    refused: int = Field(description="Ended by the specialist after session 1: no question of coming back (R13, D5).")
    one_off: int = Field(description="Meant as a single consultation from the start (R8).")
    released: int = Field(
        description="Handed over, referred, or not to be reached, before any session (B17, C10, B14)."
    )


class Versus(Output):
    """A figure beside the platform's (R7)."""

    average: float
    p_above: float = Field(description="How probable it is that the specialist's true figure is above the average.")
    percentile: float = Field(description="How probable it is that it beats a random specialist's; 0.5 with no data.")
    words: str


class EstimateView(Output):
    """One figure: what is most credible, how sure that is, and what it is made of."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ESTIMATE]})

    window: WindowView
    estimate: float = Field(
        description="Drawn to the platform's average while there is little data; for reviews, stars."
    )
    interval: Interval | None
    raw: float | None = Field(description="The bare share over matured cases; null while there are none.")
    counts: CountsView
    inputs: dict[str, float] = Field(description="estimate = (alpha + won) / (alpha + won + beta + lost_weight).")
    versus_platform: Versus
    enough_data: bool = Field(description="Whether enough cases were seen, counted or not, to say anything in words.")
    words: str
    shown: dict[str, float | None] = Field(description="Further numbers for display; none is rated.")
    explanation: str = Field(description="Where the cases behind this are listed.")

    @classmethod
    def of(cls, it: domain.Estimate, explanation: str) -> Self:
        """As the domain knows it."""
        return cls(
            window=WindowView.model_validate(it.window), estimate=it.value,
            interval=it.interval and Interval(low=it.interval[0], high=it.interval[1]), raw=it.raw,
            counts=CountsView.model_validate(it.counts), inputs=dict(it.inputs),
            versus_platform=Versus.model_validate(it.versus), enough_data=it.enough, words=it.words,
            shown=dict(it.shown), explanation=explanation,
        )  # fmt: skip


class Overall(Output):
    """The rating made of all figures, from 0 to 100; 50 is usual, and what one has with no data."""

    value: float
    enough_data: bool
    words: str

    @classmethod
    def of(cls, it: domain.Figures) -> Self:
        """As the domain knows it."""
        words = f"{it.overall:.0f} of 100; 50 is usual" if it.enough else domain.NOT_YET
        return cls(value=it.overall, enough_data=it.enough, words=words)


class FiguresView(Output):
    """A specialist's figures as of a day, as they were known at a moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FIGURES]})

    specialist_id: UUID
    as_of: date = Field(description="The day at whose end ages are taken.")
    known_at: datetime = Field(description="What was heard after this moment is not in.")
    policy_version: int
    benchmark_version: int = Field(description="0 until a benchmark was published: the policy's own guess.")
    overall: Overall
    conversion: EstimateView
    effectiveness: EstimateView
    retention: EstimateView
    reviews: EstimateView
    reply_promise: EstimateView

    @classmethod
    def of(cls, specialist_id: UUID, address: str, basis: Basis, found: domain.Figures) -> Self:
        """The figures, each with the link that explains it."""
        of = {
            figure: EstimateView.of(it, _explanation(address, figure, it.window, basis))
            for figure, it in found.estimates.items()
        }
        return cls(
            specialist_id=specialist_id, as_of=basis.by.as_of, known_at=basis.known_at,
            policy_version=basis.build.policy_version, benchmark_version=basis.by.benchmark.number,
            overall=Overall.of(found), **of,
        )  # fmt: skip


def _explanation(address: str, figure: Figure, window: domain.Window, basis: Basis) -> str:
    known_at = f"{basis.known_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    asked = f"from={window.first}&to={window.last}&as_of={basis.by.as_of}&known_at={known_at}"
    return f"{address}/figures/{figure}/explanation?{asked}"


class ExplainedView(Output):
    """One case behind a figure, and how it counts. No client is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXPLAINED]})

    kind: Kind
    id: UUID = Field(description="Of the request, of the review, or of a day's count of views.")
    day: date = Field(description="The UTC day on which it began, and to which it belongs for good.")
    stands: Stands
    weight: float = Field(
        description="How much of a case it is: 1 in full, less while it is young, 0 if it is neutral."
    )
    counts: dict[str, int] = Field(description="All it adds to the counters of that day.")
    rule: str
    decision_id: UUID | None = Field(description="What support decided about it last, be it to put it back.")

    @classmethod
    def of(cls, row: RowMapping, cells: domain.Cells, it: domain.Explained) -> Self:
        """As the domain judges it."""
        return cls(
            kind=row["entity_kind"], id=row["entity_id"], day=row["day"], stands=it.stands, weight=it.weight,
            counts=dict(cells), rule=it.rule, decision_id=row["decision_id"],
        )  # fmt: skip


class ChangeView(Output):
    """What one event changed in the counters of one day."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHANGE]})

    recorded_at: datetime
    kind: Kind
    id: UUID
    day: date
    deltas: dict[str, int]
    event_id: UUID
    decision_id: UUID | None = Field(description="The decision of support behind it, if one was.")

    @classmethod
    def of(cls, row: RowMapping, deltas: domain.Cells) -> Self:
        """A line of the journal."""
        return cls(
            recorded_at=row["recorded_at"], kind=row["entity_kind"], id=row["entity_id"], day=row["day"],
            deltas=dict(deltas), event_id=row["event_id"], decision_id=row["decision_id"],
        )  # fmt: skip


class Supposed(Input):
    """A decision that support might take."""

    request_id: UUID
    excluded: bool = True
    ground: Ground = "spam"
    scope: Scope = "pre_session"


class Supposition(Input):
    """Decisions that support might take together, each about another request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decisions": [{"request_id": _REQUEST}]}]})

    decisions: Annotated[list[Supposed], Field(min_length=1, max_length=100)]


class WhatIf(Output):
    """The figures as they are, and as they would be."""

    before: FiguresView
    after: FiguresView
