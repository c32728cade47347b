"""The outermost layer of every service: trace, metrics, one log line, safe headers, and no exception gets past it."""

import time
from typing import Any, Final

import structlog
from fastapi import Depends
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.bus.context import Cause, cause
from libs.kit import trace
from libs.kit.http import PRINCIPAL
from libs.kit.metrics import ACTIVE, DURATION
from libs.kit.problems import of_failure, of_status, passing

BODY: Final = "dovira.body"
QUIET: Final = frozenset({"/livez", "/readyz", "/startupz", "/metrics"})
UNKNOWN: Final = "none"
BODY_LIMIT: Final = 64 * 1024
log = structlog.get_logger()


class Edge:
    """Pure ASGI: it sees a request before the framework does and the response after it."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service
        self._active = ACTIVE.labels(service)
        self._durations: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        step = trace.Trace.under(Headers(scope=scope).get("traceparent"))
        traced = trace.current.set(step)
        caused = cause.set(Cause(step.correlation, traceparent=step.traceparent))
        try:
            await _Exchange(self, scope, receive, send).run()
        finally:
            cause.reset(caused)
            trace.current.reset(traced)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything further in, once the address is one that can be meant."""
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            await of_status(400)(scope, receive, send)
            return
        with self._active.track_inprogress():
            await self._app(scope, _bounded(scope, receive) if scope["type"] == "http" else receive, send)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one exchange."""
        name = (method, route, status)
        if name not in self._durations:
            self._durations[name] = DURATION.labels(self._service, *map(str, name))
        self._durations[name].observe(seconds)
        if route not in QUIET:
            log.info("http.answered", service=self._service, method=method, route=route, status=status, seconds=seconds)


class Body:
    """How much of a request's body is read at most."""

    def __init__(self, limit: int) -> None:
        self.limit = limit


def bodies_up_to(limit: int) -> Any:
    """For a route's `dependencies`: it reads bodies itself, which may be as large as this; no other route's may."""

    async def widen(connection: HTTPConnection) -> None:
        connection.scope[BODY].limit = limit

    return Depends(widen)


class _Exchange:
    """One request and its response."""

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge, self._scope, self._receive, self._send = edge, scope, receive, send
        self._status = 0

    async def run(self) -> None:
        started = time.perf_counter()
        try:
            await self._edge.handle(self._scope, self._receive, self._noting)
        except Exception as error:  # noqa: BLE001 - this is the last place where it can be answered
            await self._fail(error)
        finally:
            method = self._scope.get("method", "WEBSOCKET")
            self._edge.observe(method, self._route(), self._status, round(time.perf_counter() - started, 6))

    async def _noting(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            _safe(MutableHeaders(scope=message))
        elif message["type"] == "websocket.accept":
            self._status = 101
        await self._send(message)

    async def _fail(self, error: Exception) -> None:
        level = log.warning if passing(error) else log.error
        level("http.failed", route=self._route(), actor=self._actor(), exc_info=error)
        if self._status:
            raise error  # Half an answer is out; only the server can still cut the connection.
        await of_failure(error, self._scope["path"])(self._scope, self._receive, self._noting)

    def _route(self) -> str:
        """The template of the matched route; FastAPI keeps that of an included router beside the route."""
        included = self._scope.get("fastapi", {}).get("effective_route_context")
        matched = included or self._scope.get("route")
        path: Any = None if isinstance(matched, Mount) else getattr(matched, "path", None)
        return path if isinstance(path, str) else UNKNOWN

    def _actor(self) -> str | None:
        principal = self._scope.get(PRINCIPAL)
        return str(principal.id) if principal else None


def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Stops reading a body that is too large, also one that does not say how large it is."""
    declared = Headers(scope=scope).get("content-length", "")
    said = int(declared) if declared.isascii() and declared.isdigit() else 0
    body = scope[BODY] = Body(BODY_LIMIT)
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = {} if max(said, read) > body.limit else await receive()
        read += len(message.get("body", b""))
        if max(said, read) > body.limit:
            raise HTTPException(413)
        return message

    return bounded


def _safe(headers: MutableHeaders) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Referrer-Policy", "no-referrer")
