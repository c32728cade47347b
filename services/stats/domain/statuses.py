"""The statuses: what a month made of a specialist, by zones that noise cannot enter."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from libs.events.stats import Figure, Status
from services.stats.domain.figures import Estimate, Figures
from services.stats.domain.policy import Policy, Zone

SUNK: frozenset[Status] = frozenset({"probation", "deactivated"})


def zones(figures: Figures, policy: Policy) -> dict[Figure, Zone | None]:
    """The zone of each figure that statuses look at; none for one without enough data."""
    return {figure: zone(figures.estimates[figure], policy) for figure in policy.statuses.judged}


def zone(it: Estimate, policy: Policy) -> Zone | None:
    """Green and red are what is almost certainly above and below the platform's average; the rest is yellow."""
    if not it.enough:
        return None
    if it.versus.p_above >= policy.above:
        return "green"
    return "red" if it.versus.p_above <= policy.below else "yellow"


def status(overall: float, zones: Mapping[Figure, Zone | None], before: Sequence[Status], policy: Policy) -> Status:
    """What a month earns; `before` are the statuses of the months before it, the latest first."""
    rules, found = policy.statuses, list(zones.values())
    if found.count("red") >= rules.probation_reds:
        sunk = before[: rules.deactivated_after_months - 1]
        long = len(sunk) == rules.deactivated_after_months - 1 and all(it in SUNK for it in sunk)
        return "deactivated" if long else "probation"
    if overall >= rules.super_overall and found.count("green") >= rules.super_greens and "red" not in found:
        return "super"
    return "active"


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def last_of(month: date) -> date:
    """The last day of a month."""
    return month_of(month + timedelta(days=31)) - timedelta(days=1)


def month_before(month: date) -> date:
    """The first day of the month before."""
    return month_of(month - timedelta(days=1))
