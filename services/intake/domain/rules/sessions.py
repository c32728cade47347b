"""Sessions, purchases and refusals: how long one may dispute, be late, or think it over."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SessionRules:
    """The house rules of sessions."""
