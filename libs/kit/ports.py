"""Ports for programs that must be told one before they can listen."""

import secrets
import socket
from contextlib import suppress

HOST = "127.0.0.1"
# Below what kernels lend to outgoing connections (from 32768 on Linux, 49152 elsewhere). Of those, any connection of
# anybody may be given one between our look and the program's start, or while it is down to be started again.
OURS = range(20_000, 32_000)


def free_port(*, run: int = 1) -> int:
    """The first of `run` ports in a row that nobody has now and no outgoing connection will be given."""
    while True:
        first = secrets.choice(OURS)
        with suppress(OSError):
            for port in range(first, first + run):
                claim(port)
            return first


def claim(port: int) -> None:
    """Listen there for a moment; OSError says why nobody can."""
    with socket.socket() as listener:
        # As servers do: what an ended connection left behind is no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
