"""The command line of the platform: run it, migrate it, look at it."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.bus import Bus, parking
from libs.bus.memory import MemoryLog
from libs.kit import logs
from libs.kit.console import console, refused, settings_table
from libs.kit.couriers import CourierSettings
from libs.kit.databases import database_of, server
from libs.kit.errors import StartRefused
from libs.kit.migrate import upgrade
from libs.kit.server import WhenReady, listen, run, serve
from libs.kit.service import Service, application
from libs.kit.settings import PlatformSettings, read, table
from libs.kit.sql import engine_for
from libs.kit.together import together

ISSUER = "auth"


@dataclass(frozen=True)
class Platform:
    """The services there are, by name, each imported only when it is wanted."""

    load: Mapping[str, Callable[[], Service]]
    when_ready: WhenReady | None = None

    def services(self, names: Iterable[str] = ()) -> list[Service]:
        """The named ones, or all."""
        chosen = [name for name in names if name != ISSUER] or ([] if ISSUER in names else list(self.load))
        unknown = [name for name in chosen if name not in self.load]
        if unknown:
            raise StartRefused(f"There is no service {unknown[0]}; there are {', '.join(self.load)} and {ISSUER}.")
        return [self.load[name]() for name in chosen]


def main(platform: Platform, arguments: Sequence[str] | None = None) -> int:
    """Do what was asked; the exit code."""
    asked = _parser(platform).parse_args(_with_act(platform, sys.argv[1:] if arguments is None else arguments))
    try:
        settings = read(PlatformSettings)
        logs.configure(level=settings.log_level, console=settings.console)
        asked.act(platform, settings, asked)
    except StartRefused as refusal:
        refused(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _with_act(platform: Platform, arguments: Sequence[str]) -> list[str]:
    """`python -m services intake chat --api` means `run intake chat --api`."""
    implied = not arguments or arguments[0] in {*platform.load, ISSUER, "--api", "--worker"}
    return ["run", *arguments] if implied else list(arguments)


def _run(platform: Platform, settings: PlatformSettings, asked: argparse.Namespace) -> None:
    services = platform.services(asked.names)
    with listen(settings) as listening, _server(settings, services, works=not asked.api) as admin:

        async def live() -> None:
            async with together(services, settings, admin, serves=not asked.worker, works=not asked.api) as everything:
                await serve(everything, listening, when_ready=platform.when_ready if not asked.names else None)

        run(live())


def _server(settings: PlatformSettings, services: Sequence[Service], *, works: bool) -> Any:
    """A server for the databases, unless every service was given one of its own and nobody needs the log's."""
    needed = works and settings.kafka_bootstrap is None
    return server(settings, needed=bool(services) and (needed or any(_without_database(each) for each in services)))


def _without_database(service: Service) -> bool:
    return read(service.settings).database_url is None


def _migrate(platform: Platform, settings: PlatformSettings, asked: argparse.Namespace) -> None:
    services = platform.services(asked.names)

    async def work(admin: str | None) -> None:
        for service in services:
            await upgrade(service, await database_of(service.name, read(service.settings), admin))
            console.print(f"{service.name} is at the newest schema")

    with _server(settings, services, works=False) as admin:
        asyncio.run(work(admin))


def _schema(platform: Platform, settings: PlatformSettings, asked: argparse.Namespace) -> None:
    folder = Path(asked.into)
    folder.mkdir(parents=True, exist_ok=True)
    for service in platform.services(asked.names):
        document = json.dumps(application(service, settings).openapi(), indent=2, ensure_ascii=False)
        (folder / f"{service.name}.json").write_text(document + "\n", encoding="utf-8")
        console.print(f"{folder / service.name}.json")


def _parked(platform: Platform, settings: PlatformSettings, asked: argparse.Namespace) -> None:
    (service,) = platform.services([asked.service])

    async def work(admin: str | None) -> None:
        engine = engine_for(await database_of(service.name, read(service.settings), admin))
        try:
            await (_replay if asked.replay else _list)(service, engine)
        finally:
            await engine.dispose()

    with _server(settings, [service], works=False) as admin:
        asyncio.run(work(admin))


async def _list(_: Service, engine: Any) -> None:
    rows = await parking.listed(engine)
    for row in rows:
        console.print(" ".join(f"{name}={value}" for name, value in row.items()), markup=False)
    console.print(f"{len(rows)} parked")


async def _replay(service: Service, engine: Any) -> None:
    bus = Bus(service.name, engine, MemoryLog(), service.subscribers)
    resumed = await bus.resume()
    for name, (taken, waiting) in (await bus.replay()).items():
        console.print(f"{name}: {taken} took effect, {waiting} still wait; {resumed[name]} stopped partitions go on")


def _settings(platform: Platform, settings: PlatformSettings, _: argparse.Namespace) -> None:
    everyone = [settings, read(CourierSettings), *(read(service.settings) for service in platform.services())]
    settings_table(line for each in everyone for line in table(each))


def _parser(platform: Platform) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    acts = parser.add_subparsers(title="what to do", metavar="", required=True)
    running = acts.add_parser("run", help="run services; without names all of them (the default)")
    running.add_argument("names", nargs="*", metavar="service", help=", ".join([*platform.load, ISSUER]))
    part = running.add_mutually_exclusive_group()
    part.add_argument("--api", action="store_true", help="answer requests only")
    part.add_argument("--worker", action="store_true", help="hear events and run jobs only")
    running.set_defaults(act=_run)
    for name, act, words in (
        ("migrate", _migrate, "bring databases to the newest schema"),
        ("schema", _schema, "write openapi/<service>.json"),
    ):
        found = acts.add_parser(name, help=words)
        found.add_argument("names", nargs="*", metavar="service")
        found.add_argument("--into", default="openapi", help=argparse.SUPPRESS)
        found.set_defaults(act=act)
    parked = acts.add_parser("parked", help="show what could not take effect")
    parked.add_argument("service")
    parked.add_argument("--replay", action="store_true", help="try it once more, in order, and let what stopped go on")
    parked.set_defaults(act=_parked)
    acts.add_parser("settings", help="show all effective settings, secrets masked").set_defaults(act=_settings)
    return parser
