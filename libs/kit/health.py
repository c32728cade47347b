"""Probes: alive, ready for requests, done starting."""

import asyncio
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from libs.bus import Bus
from libs.kit.metrics import scrape

BUS_ANSWERS_WITHIN: Final = 1.0


def add_probes(app: FastAPI) -> None:
    """The addresses that an orchestrator asks."""
    app.add_route("/livez", livez, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)
    app.add_route("/startupz", startupz, include_in_schema=False)
    app.add_route("/metrics", scrape, include_in_schema=False)


async def livez(_: Request) -> Response:
    """The event loop turns."""
    return JSONResponse({"status": "ok"})


async def startupz(request: Request) -> Response:
    """Everything has been opened."""
    return _verdict(done=request.app.state.service.started)


async def readyz(request: Request) -> Response:
    """Requests can be served; the first to say no when the service is told to stop."""
    running = request.app.state.service
    checks: dict[str, Any] = {
        "database": await running.database.answers(),
        "open": running.started and not running.closing.is_set(),
    }
    return _verdict(done=all(checks.values()), **checks, **await _bus(running.bus))


async def _bus(bus: Bus | None) -> dict[str, Any]:
    """How the bus stands. A broker that is away delays events, not requests, so it does not make us unready."""
    if bus is None:
        return {}
    try:
        async with asyncio.timeout(BUS_ANSWERS_WITHIN):
            return {"bus": await bus.status()}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the bus's state
        return {"bus": type(error).__name__}


def _verdict(*, done: bool, **members: Any) -> Response:
    return JSONResponse({"status": "ok" if done else "unavailable", **members}, status_code=200 if done else 503)
