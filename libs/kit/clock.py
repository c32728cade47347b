"""The clock, under the name that services know."""

from libs.bus.clock import at, now

__all__ = ["at", "now"]
