"""The house's choices about figures, as data: every number here has a version, and an answer names it.

Weights, zones and the conditions of a status are this house's own proposal. The sources name the three metrics, their
windows and the four statuses, and publish no thresholds.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct, field
from msgspec.json import decode, encode

from libs.events.stats import Figure
from libs.events.support import Ground
from services.stats.domain.priors import Prior

Zone = Literal["green", "yellow", "red"]
FIGURES: tuple[Figure, ...] = get_args(Figure)
LIFETIME = 0


class Statuses(Struct, frozen=True, forbid_unknown_fields=True):
    """When a month earns which status. A figure without enough data is in no zone, so noise makes nobody red."""

    judged: tuple[Figure, ...] = ("conversion", "effectiveness", "retention")
    super_overall: float = 65.0
    super_greens: int = 1
    probation_reds: int = 2
    deactivated_after_months: int = 3


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Windows in days (0 for all time), weights, floors and fallbacks of all figures."""

    views_leave: frozenset[Ground] = frozenset({"spam", "platform_test"})
    windows: Mapping[Figure, int] = field(
        default_factory=lambda: {
            "conversion": 90, "effectiveness": 30, "retention": 180, "reviews": LIFETIME, "reply_promise": 30,
        }
    )  # fmt: skip
    weights: Mapping[Figure, float] = field(
        default_factory=lambda: {
            "conversion": 0.40, "effectiveness": 0.20, "reviews": 0.20, "retention": 0.10, "reply_promise": 0.10,
        }
    )  # fmt: skip
    floors: Mapping[Figure, int] = field(
        default_factory=lambda: {
            "conversion": 10, "effectiveness": 10, "retention": 5, "reviews": 3, "reply_promise": 10,
        }
    )  # fmt: skip
    priors: Mapping[Figure, Prior] = field(
        default_factory=lambda: {
            "conversion": Prior(6.0, 14.0), "effectiveness": Prior(2.0, 48.0), "retention": Prior(5.0, 5.0),
            "reply_promise": Prior(8.0, 2.0),
        }
    )  # fmt: skip
    above: float = 0.9
    below: float = 0.1
    horizon: int = 14
    longest_lag: int = 60
    least_specialists: int = 20
    least_lags: int = 50
    review_strength: int = 8
    review_mean: float = 4.5
    review_spread: float = 0.4
    statuses: Statuses = Statuses()


HOUSE = Policy()


def plain(policy: Policy) -> dict[str, Any]:
    """A policy as JSON has it."""
    return decode(encode(policy))  # type: ignore[no-any-return]
