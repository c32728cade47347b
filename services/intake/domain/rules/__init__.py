"""The house rules as data: each number has the id of the rule it comes from, and each tenant may have its own."""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from services.intake.domain.rules.duty import DutyRules
from services.intake.domain.rules.orders import OrderRules
from services.intake.domain.rules.profile import ProfileRules
from services.intake.domain.rules.race import RaceRules, answer_due, cooldown, reply_due
from services.intake.domain.rules.says import Says
from services.intake.domain.rules.sessions import SessionRules


@dataclass(frozen=True)
class Rules:
    """The house rules of one tenant, whole."""

    race: RaceRules = field(default_factory=RaceRules)
    sessions: SessionRules = field(default_factory=SessionRules)
    orders: OrderRules = field(default_factory=OrderRules)
    duty: DutyRules = field(default_factory=DutyRules)
    profile: ProfileRules = field(default_factory=ProfileRules)


class Clause(NamedTuple):
    """One number of the rules, as it may be shown: `race.day_cooldown`."""

    name: str
    value: Any
    says: Says


def clauses(rules: Rules) -> list[Clause]:
    """Every number of the rules with its rule id and meaning; one without them does not import (a test holds this)."""
    return [
        Clause(
            f"{group.name}.{each.name}", getattr(getattr(rules, group.name), each.name), _says(group.type, each.name)
        )
        for group in fields(rules)
        for each in fields(getattr(rules, group.name))
    ]


def _says(group: Any, name: str) -> Says:
    hint = get_type_hints(group, include_extras=True)[name]
    if not is_dataclass(group) or get_origin(hint) is not Annotated:
        raise TypeError(f"{group.__name__}.{name} does not say which rule it is")
    return next(extra for extra in get_args(hint) if isinstance(extra, Says))


__all__ = [
    "Clause", "DutyRules", "OrderRules", "ProfileRules", "RaceRules", "Rules", "Says", "SessionRules",
    "answer_due", "clauses", "cooldown", "reply_due",
]  # fmt: skip
