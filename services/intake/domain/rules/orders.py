"""Orders and their queues: how long people wait, and how often they may change their minds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderRules:
    """The house rules of orders."""
