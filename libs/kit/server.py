"""One HTTP server: it listens or says why not, and ends within seconds whatever is still open."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.kit.errors import StartRefused
from libs.kit.settings import PlatformSettings
from libs.kit.together import Together

STREAMS_END_WITHIN: Final = 3
IDLE_FOR: Final = 75  # seconds; longer than proxies and clients keep a connection, so that none is cut as they reuse it
LARGEST_FRAME: Final = 64 * 1024  # the longest text, each character of it escaped, has 48 KB

WhenReady = Callable[[Together], Awaitable[None]]


def listen(platform: PlatformSettings) -> socket.socket:
    """The server's socket, or a sentence about who has it."""
    family = socket.AF_INET6 if ":" in platform.host else socket.AF_INET
    try:
        return socket.create_server((platform.host, platform.port), family=family, backlog=2048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartRefused(
                f"Port {platform.port} is taken. End whatever listens there, or choose another: DOVIRA_PORT=8001."
            ) from None
        raise StartRefused(f"Cannot listen on {platform.host}:{platform.port}: {error.strerror}.") from None


async def serve(everything: Together, listening: socket.socket, *, when_ready: WhenReady | None = None) -> None:
    """Answer requests until somebody says to stop; then readiness goes first and streams end themselves."""
    server = Server(everything)
    with _stopping_on_signals(server):
        greeting = asyncio.create_task(server.greet(when_ready))
        try:
            await server.serve(sockets=[listening])
        finally:
            greeting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await greeting


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the process's one coroutine on the fastest loop there is."""
    # Modules and mappings stay for good: the collector need not look at them again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with asyncio.Runner(loop_factory=config_for(_nothing).get_loop_factory()) as runner:
        runner.run(main)


def config_for(app: ASGIApp) -> uvicorn.Config:
    """How every server of ours is set up."""
    return uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_FOR,
        timeout_graceful_shutdown=STREAMS_END_WITHIN,
        ws_max_size=LARGEST_FRAME,
        # It costs more memory than the rest of a connection, and the length of what is compressed tells about words.
        ws_per_message_deflate=False,
    )


class Server(uvicorn.Server):
    """Uvicorn, with our own order of ending."""

    def __init__(self, everything: Together) -> None:
        super().__init__(config_for(everything.app))
        self._everything = everything
        self._up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As ever, and then say so."""
        await super().startup(sockets)
        self._up.set()

    async def greet(self, when_ready: WhenReady | None) -> None:
        """Do what was asked for once requests are answered; if that fails, so does the server."""
        await self._up.wait()
        try:
            if when_ready:
                await when_ready(self._everything)
        except Exception:
            if not self.should_exit:  # else it was broken off by whoever ends us
                self.stop()
                raise

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal again at its end, when there is still much to close."""
        yield

    def stop(self) -> None:
        """Once: end well. Twice: end now."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._everything.wind_down()


@contextlib.contextmanager
def _stopping_on_signals(server: Server) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    # The handlers stay: another Ctrl-C shall not break off what is being put in order.
    yield


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """No application: only the loop is wanted."""
