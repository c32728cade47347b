"""Duty and readiness: how long it lasts, what a good connection is, and what the load chart looks at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from libs.kit.rules import Says
from services.intake.domain.rules.bounds import Span


@dataclass(frozen=True)
class DutyRules:
    """The house rules of being ready."""

    at_least: Annotated[Span, Says("B7", "Who goes on duty has at least this long free.")] = timedelta(hours=1)
    usual: Annotated[Span, Says("B7", "Who goes on duty without saying until when is there for this long.")] = (
        timedelta(hours=3)
    )
    at_most: Annotated[Span, Says("B7", "A duty ends by itself after this, unless it is said anew.")] = timedelta(
        hours=12
    )
    round_trips: Annotated[
        int, Says("D15", "The connection is judged by the median of so many last round trips."), Field(ge=1, le=200)
    ] = 20
    excellent_below: Annotated[Span, Says("D15", "A shorter median is an excellent connection.")] = timedelta(
        milliseconds=40
    )
    average_to: Annotated[
        Span,
        Says("D15", "A median up to this, and of this itself, is an average connection; a longer one is bad."),
    ] = timedelta(milliseconds=110)
    echo_within: Annotated[
        Span, Says("B8", "An echo that takes longer than this measures something else than the connection.")
    ] = timedelta(seconds=10)
    measured_within: Annotated[
        Span, Says("B8", "A connection that was measured longer ago than this is to be measured again.")
    ] = timedelta(hours=1)
    push_within: Annotated[Span, Says("B7", "A notification that arrives within this is in time for the race.")] = (
        timedelta(seconds=5)
    )
    push_lost_after: Annotated[
        Span, Says("B7", "A test notification that has not arrived after this is taken as lost.")
    ] = timedelta(minutes=1)
    push_tested_within: Annotated[
        Span, Says("B7", "A test of notifications that is older than this is to be made again.")
    ] = timedelta(days=1)
    chart_weeks: Annotated[int, Says("B9", "The load chart looks back over so many weeks."), Field(ge=1, le=53)] = 8
    chart_floor: Annotated[
        int,
        Says("B9", "Of fewer cases than this in an hour the load chart makes no median and no chance."),
        Field(ge=1),
    ] = 5
