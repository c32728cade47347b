"""House rules as data: each number says which rule it comes from and what it means to those whom it binds."""

from dataclasses import Field, fields
from typing import Any, ClassVar, NamedTuple, Protocol, get_args, get_type_hints


class Says(NamedTuple):
    """Beside a number, in its annotation: the rule's id and what it means to those whom it binds."""

    rule: str
    meaning: str


class Clause(NamedTuple):
    """One number of the rules, as it may be shown: `race.day_cooldown`."""

    name: str
    value: Any
    says: Says


class Rules(Protocol):
    """The house rules of one tenant, whole: a dataclass of groups, each a dataclass of numbers with their defaults."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def clauses(rules: Rules) -> list[Clause]:
    """Every number of the rules with its rule id and meaning; one without them is an error, which tests call out."""
    return [
        Clause(
            f"{group.name}.{each.name}", getattr(getattr(rules, group.name), each.name), _says(group.type, each.name)
        )
        for group in fields(rules)
        for each in fields(getattr(rules, group.name))
    ]


def _says(group: Any, name: str) -> Says:
    hint = get_type_hints(group, include_extras=True)[name]
    said = next((extra for extra in get_args(hint) if isinstance(extra, Says)), None)
    if said is None:
        raise TypeError(f"{group.__name__}.{name} does not say which rule it is")
    return said
