"""`python -m bench.fan PORT`: a stream for many by hand, in Starlette, with no database; the bytes are ours."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from uvicorn import Server

from libs.kit.server import config_for, run

FRAME = (
    b'id: %d\nevent: request\ndata: {"id":"019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21","number":4017,"category":"grief",'
    b'"received_at":"2026-03-02T09:30:00Z","phone":true,"urgent":false}\n\n'
)
readers: set[asyncio.Queue[bytes]] = set()


async def follow(_: Request) -> StreamingResponse:
    """One reader, one queue."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(256)
    readers.add(queue)

    async def frames() -> AsyncIterator[bytes]:
        try:
            yield b"event: reset\ndata: {}\n\n"
            while True:
                yield await queue.get()
        finally:
            readers.discard(queue)

    return StreamingResponse(frames(), media_type="text/event-stream")


async def publish(request: Request) -> Response:
    """Hand one frame to everybody."""
    frame = FRAME % int(request.query_params.get("id", "1"))
    for queue in readers:
        queue.put_nowait(frame)
    return Response(status_code=201)


app = Starlette(routes=[Route("/", publish), Route("/feed", follow), Route("/publish", publish, methods=["POST"])])


async def _main() -> None:
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
    await Server(config_for(app)).serve(sockets=[listening])


if __name__ == "__main__":
    run(_main())
