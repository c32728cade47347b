"""`python -m services`: everything in one process, or the named services, or a chore."""

import importlib
import sys
from collections.abc import Callable
from functools import partial

from libs.kit.cli import Platform, main
from libs.kit.console import console, welcome
from libs.kit.personas import ANNA
from libs.kit.service import Service
from libs.kit.together import Together

NAMES = ("intake", "chat", "stats", "support")


def load(name: str) -> Service:
    """A service, imported when it is wanted."""
    service: Service = importlib.import_module(f"services.{name}").service
    return service


async def greet(everything: Together) -> None:
    """What to try first; before that, once, the demo month, where it was asked for."""
    if everything.platform.demo:
        from demo.progress import Progress  # noqa: PLC0415 - a platform without a demo world need not have the code
        from demo.replay import replay  # noqa: PLC0415

        await replay(everything, Progress(console))
    url, tokens = everything.platform.base_url, everything.platform.run_dir / "tokens"
    anna, olena = (f'-H "Authorization: Bearer $(cat {tokens}/{who})"' for who in ("anna", "olena"))
    body = """-H 'Content-Type: application/json' -d '{"kind": "chat", "category": "anxiety", "locale": "uk"}'"""
    ask = f'curl -s {url}/intake/v1/requests {olena} -H "Idempotency-Key: $(date +%s%N)" {body}'
    ready = f"curl -s {url}/intake/v1/readiness {anna}"
    figures = f"curl -s {url}/stats/v1/specialists/{ANNA.id}/figures {anna}"
    welcome(everything, [ask, ready, figures])


SERVICES: dict[str, Callable[[], Service]] = {name: partial(load, name) for name in NAMES}

if __name__ == "__main__":
    sys.exit(main(Platform(SERVICES, when_ready=greet)))
