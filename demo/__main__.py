"""`python -m demo`: the journey, on the platform that is running, or on one started just for it."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

import httpx

from demo.journey import Journey
from demo.progress import Progress
from demo.replay import replay
from libs.kit import logs
from libs.kit.cli import Platform, main
from libs.kit.console import console
from libs.kit.issuer import DevIssuer
from libs.kit.settings import PlatformSettings, read
from libs.kit.together import Together
from services.__main__ import SERVICES


def answers(url: str) -> bool:
    """Whether the platform is running there."""
    try:
        return "services" in httpx.get(url, trust_env=False, timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False


def walk_once(failures: list[Exception]) -> Callable[[Together], Awaitable[None]]:
    """What to do when a platform of our own is up: let the month happen, walk, and end it."""

    async def walk(everything: Together) -> None:
        try:
            await replay(everything, Progress(console))
            if everything.issuer:
                await Journey(everything.platform.base_url, everything.issuer, console).walk()
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform has to end
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    return walk


def run() -> int:
    """Walk the journey; the exit code."""
    settings = read(PlatformSettings)
    if answers(settings.base_url):
        logs.configure(level="error")
        asyncio.run(Journey(settings.base_url, DevIssuer(settings), console).walk())
        return 0
    failures: list[Exception] = []
    os.environ.setdefault("DOVIRA_LOG_LEVEL", "error")
    code = main(Platform(SERVICES, when_ready=walk_once(failures)), [])
    for failure in failures:
        raise failure
    return code


if __name__ == "__main__":
    sys.exit(run())
