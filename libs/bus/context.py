"""What led to what: carried from a request into the events it causes, and from those into theirs."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Cause:
    """Why something is being done: the conversation of requests it belongs to and the event that asked for it."""

    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None


cause: ContextVar[Cause | None] = ContextVar("cause", default=None)
