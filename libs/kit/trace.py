"""W3C trace context: taken over from whoever calls, or begun here; carried on into events and problems."""

import os
import re
from contextvars import ContextVar
from typing import NamedTuple, Self
from uuid import UUID

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Trace(NamedTuple):
    """One step of one trace."""

    id: str
    span: str
    flags: str = "01"

    @classmethod
    def under(cls, traceparent: str | None) -> Self:
        """A step beneath the caller's, or the first of a new trace."""
        known = _TRACEPARENT.fullmatch(traceparent or "")
        if known is None:
            return cls(os.urandom(16).hex(), os.urandom(8).hex())
        return cls(known[1], os.urandom(8).hex(), known[3])

    @property
    def traceparent(self) -> str:
        """As it travels in a header or an event."""
        return f"00-{self.id}-{self.span}-{self.flags}"

    @property
    def correlation(self) -> UUID:
        """The same trace as an event's correlation id."""
        return UUID(hex=self.id)


current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def trace_id() -> str | None:
    """The trace that is being worked on, if any."""
    trace = current.get()
    return trace.id if trace else None
