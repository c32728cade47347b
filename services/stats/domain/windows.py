"""Which days a figure looks at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from libs.events.stats import Figure
from libs.kit.errors import Invalid
from services.stats.domain.policy import FIGURES, LIFETIME, Policy

FIRST_DAY = date(2000, 1, 1)


class BackwardWindow(Invalid):
    """The window ends before it begins: `from` must not be later than `to`."""


@dataclass(frozen=True)
class Window:
    """Cohort days, the first and the last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """A window that cannot be answered does not come to be."""
        if self.first > self.last:
            raise BackwardWindow

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def windows(policy: Policy, as_of: date, *, days: int | None = None) -> dict[Figure, Window]:
    """Each figure's own window up to a day, or one length for all of them."""
    return {figure: last_days(policy.windows[figure] if days is None else days, as_of) for figure in FIGURES}


def last_days(days: int, as_of: date) -> Window:
    """The last so many days, or all there ever were."""
    return Window(FIRST_DAY if days == LIFETIME else as_of - timedelta(days=days - 1), as_of)


def bands(asked: Iterable[Window], as_of: date, longest_lag: int) -> list[date]:
    """The first days of the stretches to add up: young days one by one, for their weights differ; others together."""
    asked = list(asked)
    first, last = min(window.first for window in asked), max(window.last for window in asked)
    young = [as_of - timedelta(days=age) for age in range(longest_lag + 1)]
    edges = {window.first for window in asked} | {window.last + timedelta(days=1) for window in asked} | set(young)
    return sorted(edge for edge in edges if first <= edge <= last)
