"""A PostgreSQL of one's own: made on first use, kept between runs, gone when its supervisor is gone."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import quote

from libs.kit.errors import StartRefused
from libs.kit.postgres import place as files
from libs.kit.postgres.account import account_for, give
from libs.kit.postgres.place import Place
from libs.kit.postgres.search import binaries, version
from libs.kit.postgres.tether import tethered

# After a crash PostgreSQL first replays its log.
READY_WITHIN = 120.0
STOPPED_WITHIN = 30.0
BUILTIN_LOCALE_SINCE = 17
LOCALE = "C.UTF-8" if sys.platform.startswith("linux") else "en_US.UTF-8"

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class Cluster:
    """A running PostgreSQL that listens on a unix socket only and trusts whoever may open it."""

    def __init__(self, *, bin_dir: Path, place: Place) -> None:
        """Launch PostgreSQL in a place already claimed; `start` is the way in."""
        self._bin_dir = bin_dir
        self._place = place
        self._held = ExitStack()
        self._account = account_for(place.data, bin_dir=bin_dir)
        self.socket_dir = place.socket_dir
        self.url = f"postgresql://app@/postgres?host={quote(str(place.socket_dir))}&port=5432"
        self._create()
        self._process = self._launch()

    @classmethod
    def start(cls, run_dir: Path, *, bin_dir: Path | None = None) -> Self:
        """Start PostgreSQL on the data of a run directory, which is created if there is none; main thread only."""
        bin_dir = bin_dir or binaries()
        with ExitStack() as held:
            cluster = cls(bin_dir=bin_dir, place=Place(run_dir, held))
            held.callback(cluster._end)
            cluster._wait_until_ready()
            cluster._held = held.pop_all()
        return cluster

    def stop(self) -> None:
        """End PostgreSQL and its connections at once, with nothing left to recover; again is no harm."""
        self._held.close()

    def _create(self) -> None:
        data, major = self._place.data, version(self._bin_dir)
        if not data.exists():
            self._initialise(data, major)
        made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != str(major):
            raise StartRefused(
                f"The data in {data} are of PostgreSQL {made_by}, but {self._bin_dir} holds PostgreSQL {major}."
            )

    def _initialise(self, data: Path, major: int | None) -> None:
        # Under another name until complete, so that an interrupted initdb is never taken for a database.
        unfinished = data.with_name("postgres.new")
        files.remove(unfinished)
        unfinished.mkdir(mode=0o700)
        give(unfinished, self._account)
        made = self._spawn("initdb", "-D", str(unfinished), "--no-instructions", *_initdb_flags(major or 0)).wait()
        if made != 0:
            raise StartRefused(f"PostgreSQL could not create {data}:\n{self._place.last_words()}")
        unfinished.rename(data)

    def _launch(self) -> subprocess.Popen[bytes]:
        self._place.sweep()
        give(self._place.socket_dir, self._account)
        settings = SETTINGS | {"unix_socket_directories": f'"{self.socket_dir}"'}
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._spawn("postgres", "-D", str(self._place.data), *flags)

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [str(self._bin_dir / program), *arguments]
        return subprocess.Popen(  # noqa: S603 - our own words
            tethered(command, ending=signal.SIGINT, account=self._account),
            stdin=subprocess.DEVNULL,
            stdout=self._place.log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            # Ctrl-C is for the supervisor, which lets its services finish before it stops the database.
            start_new_session=True,
        )

    def _wait_until_ready(self) -> None:
        patience = time.monotonic() + READY_WITHIN
        while not self._ready():
            if self._process.poll() is not None:
                raise StartRefused(f"PostgreSQL did not start; its log ends:\n{self._place.last_words()}")
            if time.monotonic() > patience:
                raise StartRefused(f"PostgreSQL is not ready after {READY_WITHIN:.0f} s:\n{self._place.last_words()}")
            time.sleep(0.01)

    def _ready(self) -> bool:
        """PostgreSQL's own word, on the line that pg_ctl reads, too."""
        try:
            lines = (self._place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self._process.pid)] and lines[7:8] != [] and lines[7].strip() == "ready"

    def _end(self) -> None:
        for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(request)
            try:
                self._process.wait(STOPPED_WITHIN)
            except subprocess.TimeoutExpired:
                continue
            return


def _initdb_flags(major: int) -> list[str]:
    """Letters of every alphabet have cases, whatever the locale of the machine."""
    flags = ["-U", "app", "-A", "trust", "-E", "UTF8", f"--locale={LOCALE}"]
    if major >= BUILTIN_LOCALE_SINCE:
        flags += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return flags


def _environment() -> dict[str, str]:
    # PGPORT and its like, meant for other databases, would change this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": LOCALE}
