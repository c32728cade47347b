"""Where one entity stands in a figure: the word for it, how much it counts, and the rule that says so."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple

from libs.events.stats import Figure, Metric
from services.stats.domain.cells import Cells
from services.stats.domain.priors import MILLION
from services.stats.domain.shares import Yardstick

Stands = Literal[
    "won", "lost", "maturing", "excluded", "withdrawn", "released", "merged", "contact", "gained", "unviewed", "viewed",
    "kept", "gone", "refused", "in_time", "late", "unanswered", "forgiven", "reviewed", "annulled",
]  # fmt: skip
# The counts that give the word, the decisive first, and the rule of the house's book each follows from.
WORDS: Mapping[Figure, Mapping[Metric, tuple[Stands, str]]] = {
    "conversion": {
        "won": ("won", "D8"), "lost": ("lost", "R6"), "excluded": ("excluded", "R5"),
        "withdrawn": ("withdrawn", "D6"), "released": ("released", "D5"), "merged": ("merged", "D12"),
    },
    "effectiveness": {
        "gained": ("gained", "D14"), "contacts": ("contact", "D14"), "unviewed": ("unviewed", "D14"),
        "views": ("viewed", "D14"),
    },
    "retention": {"kept": ("kept", "R8"), "gone": ("gone", "R8"), "refused": ("refused", "R13")},
    "reviews": {"reviews": ("reviewed", "B19"), "annulled": ("annulled", "P12")},
    "reply_promise": {
        "in_time": ("in_time", "B1"), "late": ("late", "B1"), "unanswered": ("unanswered", "B1"),
        "forgiven": ("forgiven", "D1"),
    },
}  # fmt: skip
LOSSES: Mapping[Figure, Metric] = {"conversion": "lost", "retention": "gone"}


class Explained(NamedTuple):
    """One entity's part in a figure. `weight` is how much of a case it is by now."""

    stands: Stands
    weight: float
    rule: str


NEUTRAL = frozenset({"excluded", "withdrawn", "released", "merged", "refused", "forgiven", "annulled"})


def explained(figure: Figure, day: date, cells: Cells, by: Yardstick) -> Explained:
    """Read one entity's counts as a figure reads them."""
    metric, (stands, rule) = next(it for it in WORDS[figure].items() if it[0] in cells)
    if metric == LOSSES.get(figure):
        weight = by.lost_weight(figure, day) / MILLION
        return Explained(stands if by.ripe(figure, day) else "maturing", weight, rule)
    if metric == "forgiven" and "released" in cells:
        rule = "D5"
    counts = stands not in NEUTRAL and (metric != "unanswered" or day < by.as_of)
    return Explained(stands, float(counts), rule)
