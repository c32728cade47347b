"""Orders and their queues: how long people wait, and how often they may change their minds."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le

from libs.kit.rules import Says
from services.intake.domain.rules.bounds import Span

Count = Annotated[int, Ge(0), Le(10_000)]
Few = Annotated[int, Ge(1), Le(200)]
Percent = Annotated[int, Ge(0), Le(100)]


@dataclass(frozen=True)
class OrderRules:
    """The house rules of orders. What a client is told with the terms of an order stays as it was told."""

    recording_least: Annotated[Span, Says("C1", "A planned recording takes at least about this long.")] = timedelta(4)
    recording_most: Annotated[Span, Says("C1", "A planned recording takes about this long at most.")] = timedelta(14)
    question_least: Annotated[Span, Says("C4", "One question takes at least about this long.")] = timedelta(3)
    question_most: Annotated[Span, Says("C4", "One question takes about this long at most.")] = timedelta(7)
    urgent_within: Annotated[Span, Says("C2", "Urgent work is due within this, from its payment.")] = timedelta(
        hours=24
    )
    call_ahead_least: Annotated[Span, Says("C3", "A call is booked at least this long ahead.")] = timedelta(weeks=1)
    call_ahead_most: Annotated[Span, Says("C3", "A call is booked at most this long ahead.")] = timedelta(weeks=3)
    prepare_before: Annotated[
        Span, Says("C3", "So long before a call its client is reminded to write the questions down.")
    ] = timedelta(days=1)
    slots_at_most: Annotated[Count, Says("C3", "A specialist offers at most so many times for calls.")] = 100
    questions_at_most: Annotated[Few, Says("C1", "An order has at most so many questions.")] = 30
    question_longest: Annotated[
        Annotated[int, Ge(1), Le(8000)], Says("C1", "A question has at most so many characters.")
    ] = 4000
    follow_ups: Annotated[Few, Says("C4", "So many further questions to an answer are tolerated.")] = 3
    follow_up_within: Annotated[Span, Says("C4", "Further questions are tolerated for this long after an answer.")] = (
        timedelta(weeks=1)
    )
    reports_at_most: Annotated[Count, Says("C1", "A result may be sent back so often because it does not open.")] = 5
    report_within: Annotated[
        Span, Says("C1", "So long after a delivery it may be said that its link does not open.")
    ] = timedelta(days=30)
    stages_at_most: Annotated[Few, Says("C5", "Work in stages has at most so many.")] = 20
    stages_ahead: Annotated[Span, Says("C5", "A stage is planned at most this far ahead.")] = timedelta(days=730)
    nudge_floor: Annotated[Span, Says("C6", "So long it is between one nudge and the next.")] = timedelta(days=1)
    changes_at_most: Annotated[Count, Says("C8", "An order may be changed so often.")] = 3
    cancels_at_most: Annotated[
        Count, Says("C8", "So often a client may pay and then cancel with one specialist within the time below.")
    ] = 2
    cancels_within: Annotated[Span, Says("C8", "Older paid and cancelled orders are forgotten.")] = timedelta(days=365)
    pay_within: Annotated[Span, Says("C8", "An order that nobody has paid within this is off.")] = timedelta(weeks=1)
    unpaid_at_most: Annotated[
        Count, Says("C8", "A client has at most so many orders with one specialist that wait for payment.")
    ] = 5
    urgent_at_most: Annotated[
        Count, Says("C12", "So many orders of a client count as urgent for their first word within the time below.")
    ] = 2
    urgent_per: Annotated[Span, Says("C12", "Older urgent orders do not brake new ones.")] = timedelta(days=30)
    history_least: Annotated[
        Few, Says("C4", "From so many deliveries on, a wait is told by what happened and not by the terms.")
    ] = 10
    history_most: Annotated[Few, Says("C4", "So many deliveries, the newest, say how long one waits.")] = 50
    history_reaches: Annotated[Span, Says("C4", "Older deliveries say nothing about waits today.")] = timedelta(
        days=180
    )
    early_percent: Annotated[
        Percent, Says("C4", "So many of a hundred had their result before a told wait begins.")
    ] = 20
    late_percent: Annotated[Percent, Says("C4", "So many of a hundred had their result before a told wait ends.")] = 80
    holidays_at_most: Annotated[Few, Says("C4", "A specialist names at most so many holidays.")] = 50
    holidays_ahead: Annotated[Span, Says("C4", "Holidays are named at most this far from today.")] = timedelta(days=730)
