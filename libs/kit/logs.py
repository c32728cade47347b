"""Logs for machines: JSON lines that name events and ids. What is not on the list of known keys is not written."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final

import msgspec
import structlog

from libs.kit.trace import trace_id

# A key is added here after asking: could its value ever be something that a person wrote?
KEYS: Final = frozenset({
    "event", "level", "timestamp", "logger", "service", "instance", "trace_id",
    "method", "route", "status", "seconds", "tenant", "actor", "role",
    "event_id", "type", "topic", "partition", "offset", "lag", "count", "subscriber", "job",
    "request_id", "conversation_id", "specialist_id", "client_id", "ticket_id", "session_id", "decision_id",
    "error", "at", "version", "url", "port", "pid", "done", "total", "attempt", "reason",
})  # fmt: skip
LONGEST = 200


def configure(*, level: str = "info", console: bool = False) -> None:
    """Send everything, the libraries' lines too, through one list of known keys to standard output."""
    shape: Any = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(_json)
    structlog.configure(
        processors=[*_own(), shape],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[_foreign, *_own(), shape]))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.INFO, logging.getLevelNamesMapping()[level.upper()]))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for chatty in ("alembic", "httpx", "aiokafka", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event).decode()


def _own() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _traced,
        _failure,
        _known_keys,
    ]


def _traced(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace = trace_id()
    if trace:
        event["trace_id"] = trace
    return event


def _failure(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's kind and place. Its words may quote a row, and so a person."""
    failed = event.pop("exc_info", None)
    if failed is True:
        failed = sys.exc_info()
    error = failed[1] if isinstance(failed, tuple) else failed
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["at"] = _place(error.__traceback__)
    return event


def _known_keys(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: _bounded(value) for key, value in event.items() if key in KEYS}


def _foreign(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's line: its template's first line, without what was filled in."""
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog", None)
    template = str(record.msg).splitlines() or [""]
    return {"event": template[0], "logger": record.name, "level": record.levelname.lower(), "exc_info": record.exc_info}


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-4:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _bounded(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    return str(value)[:LONGEST]
