"""`python -m bench.pair PORT`: a live connection by hand, in bare Starlette: what one says, both are given; no more."""

import socket
import sys
from collections import defaultdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn import Server

from libs.kit.server import config_for, run

talks: defaultdict[str, set[WebSocket]] = defaultdict(set)


async def relay(websocket: WebSocket) -> None:
    """One socket of a pair."""
    await websocket.accept()
    here = talks[websocket.path_params["talk"]]
    await websocket.receive_text()
    await websocket.send_text('{"type":"welcome"}')
    here.add(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            for each in here:
                await each.send_text(text)
    except WebSocketDisconnect:
        here.discard(websocket)


async def index(_: Request) -> Response:
    """To see that it is there."""
    return Response()


app = Starlette(routes=[Route("/", index), WebSocketRoute("/{talk}/live", relay)])


async def _main() -> None:
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
    await Server(config_for(app)).serve(sockets=[listening])


if __name__ == "__main__":
    run(_main())
