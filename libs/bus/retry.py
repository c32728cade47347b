"""Which errors are worth another try."""

import asyncio

import sqlalchemy as sa
from asyncpg import InterfaceError, InternalClientError

_PASSING = {"08", "40", "53", "55", "57", "58"}  # SQLSTATE classes that say "not now" rather than "never"


def passing(error: BaseException) -> bool:
    """Whether an error says "not now" (a lost connection, a deadlock) rather than that this record can never work."""
    if isinstance(error, sa.exc.DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or isinstance(error, sa.exc.InterfaceError) or state[:2] in _PASSING
    # asyncpg says "internal" when its server was killed in the middle of a statement.
    return isinstance(error, OSError | TimeoutError | sa.exc.TimeoutError | InternalClientError | InterfaceError)


def heed_cancellation() -> None:
    """End here if this task was told to end, and only then.

    A driver in the middle of a call may put its own error in the way of a cancellation; and a client that cancels its
    own futures, as aiokafka does when a broker goes away, makes one appear that nobody asked for.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
