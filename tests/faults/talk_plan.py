"""What people who talk are told to do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Person(NamedTuple):
    """One side of a conversation."""

    id: str
    token: str


class Talk(NamedTuple):
    """A conversation to be had: by whom, how many messages, how often each device breaks off."""

    id: str
    sides: Sequence[Person]
    stranger: Person
    messages: int
    cuts: int


class Plan(NamedTuple):
    """What one process does."""

    seed: int
    ports: Sequence[int]
    patience: float
    talks: Sequence[Talk]

    @classmethod
    def read(cls, file: Path) -> "Plan":
        seed, ports, patience, talks = json.loads(file.read_text())
        people = [(id, [Person(*side) for side in sides], Person(*other), *rest) for id, sides, other, *rest in talks]
        return cls(seed, ports, patience, [Talk(*each) for each in people])
