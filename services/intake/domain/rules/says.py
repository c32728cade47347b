"""How a number of the house rules says what it means and which rule it comes from."""

from typing import NamedTuple


class Says(NamedTuple):
    """Beside a number, in its annotation: the rule's id and what it means to those whom it binds."""

    rule: str
    meaning: str
