"""The one place that asks what time it is. A demonstration may run on a clock of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

simulated: ContextVar[datetime | None] = ContextVar("simulated", default=None)


def now() -> datetime:
    """This moment, in UTC."""
    return simulated.get() or datetime.now(UTC)  # noqa: TID251 - here, and nowhere else


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let everything inside happen at `moment`; for the demo world and for tests, never for people."""
    token = simulated.set(moment)
    try:
        yield
    finally:
        simulated.reset(token)
