"""Duty and readiness: how long it lasts, and what a good connection is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DutyRules:
    """The house rules of being ready."""
