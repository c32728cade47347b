"""What a person at a terminal sees: where everything is, who they can be, and what to try first."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from libs.kit.issuer import DevIssuer
from libs.kit.settings import Setting
from libs.kit.together import Together

console = Console(soft_wrap=True, highlight=False)


def welcome(everything: Together, commands: Sequence[str] = ()) -> None:
    """The panel of `make run`."""
    url = everything.platform.base_url
    places = _grid()
    for name, running in everything.running.items():
        places.add_row(running.service.title, f"{url}/{name}/docs")
    tokens = everything.platform.run_dir / "tokens"
    parts: list[Table | Text] = [places]
    if everything.issuer:
        parts += [
            Text(),
            Text("Who you can be; their tokens last twelve hours:"),
            _people(everything.issuer, tokens),
        ]
    console.print(Panel(Group(*parts), title=f"Dovira is at {url}", title_align="left", subtitle="Ctrl-C ends it"))
    if commands:
        console.print("Copy and paste:")
    for command in commands:
        console.print(f"\n  {command}", markup=False)
    console.print()


def settings_table(settings: Iterable[Setting]) -> None:
    """All effective settings; what differs from its default stands out."""
    found = Table(
        Column("setting", no_wrap=True), Column("value", overflow="fold"), "meaning", box=None, pad_edge=False
    )
    for setting in settings:
        style = "bold" if setting.changed else "dim"
        found.add_row(setting.variable, Text(setting.value, style=style), setting.meaning)
    console.print(found)


def refused(sentence: str) -> None:
    """Why there is nothing to see."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(sentence, markup=False)


def _people(issuer: DevIssuer, tokens: Path) -> Table:
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    people = _grid()
    for name, who in issuer.personas.items():
        _write(tokens / name, issuer.token(who))
        people.add_row(name, f"{who.role}, {who.tenant}", str(who.id))
    return people


def _write(path: Path, words: str) -> None:
    path.touch(mode=0o600)
    path.write_text(words, encoding="ascii")


def _grid() -> Table:
    return Table(*(Column(no_wrap=True) for _ in range(3)), box=None, show_header=False, pad_edge=False)
