"""Figures of specialists, explained and restated; owns the states of engagements, the journal and the counters."""

from services.stats.app import service

__all__ = ["service"]
