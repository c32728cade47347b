"""The files of one private cluster: what is where in a run directory, and who may use it."""

import fcntl
import os
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from libs.kit.errors import StartRefused

# A socket's address has room for 104 bytes on macOS and 108 on Linux, the file's own name and a final zero included.
LONGEST_SOCKET_DIR = 103 - len("/.s.PGSQL.5432")
SHORT = "dovira-"
PREDECESSOR_ENDS_WITHIN = 60.0


class Place:
    """A run directory that this process alone may start PostgreSQL in, until `held` is closed."""

    def __init__(self, run_dir: Path, held: ExitStack) -> None:
        """Claim the directory, once the last PostgreSQL in it is gone."""
        self.run_dir = run_dir.absolute()
        self.data = self.run_dir / "postgres"
        self.log_path = self.run_dir / "postgres.log"
        try:
            self.run_dir.mkdir(parents=True, exist_ok=True)
            self._lock = held.enter_context((self.run_dir / "postgres.lock").open("a+", encoding="ascii"))
            self.log = held.enter_context(self.log_path.open("ab"))
        except OSError as refusal:
            raise StartRefused(f"The run directory {self.run_dir} cannot be written: {refusal.strerror}.") from refusal
        self._claim()
        self._outwait_predecessor()
        self.socket_dir = self._socket_dir(held)

    def last_words(self) -> str:
        """The end of PostgreSQL's log, which says why it did not start."""
        lines = self.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-8:])

    def sweep(self) -> None:
        """Remove the marks of a server that is gone: its number may belong to another process by now."""
        for mark in (self.data / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"):
            if sys.platform.startswith("linux") and mark.exists() and not self._serves_here(_pid_in(mark)):
                mark.unlink()

    def _claim(self) -> None:
        """Taken from the start until this process ends, however it ends."""
        if not locked(self._lock):
            self._lock.seek(0)
            holder = self._lock.read().strip() or "unknown"
            raise StartRefused(
                f"Process {holder} already runs a PostgreSQL in {self.run_dir}: stop it or use another run directory."
            )
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def _outwait_predecessor(self) -> None:
        # PostgreSQL inherits the open log, and so the lock on it: it is free when the last of its processes is gone.
        if not locked(self.log, within=PREDECESSOR_ENDS_WITHIN):
            raise StartRefused(f"A PostgreSQL in {self.run_dir} has outlived its supervisor and does not end.")

    def _socket_dir(self, held: ExitStack) -> Path:
        note = self.run_dir / "postgres.socket"
        if note.exists():
            _discard(Path(note.read_text(encoding="utf-8")))
            note.unlink()
        # A comma would part two hosts in the address.
        if len(os.fsencode(self.data)) <= LONGEST_SOCKET_DIR and "," not in str(self.data):
            return self.data
        short = Path(tempfile.mkdtemp(prefix=SHORT, dir="/tmp"))
        held.callback(note.unlink, missing_ok=True)
        held.callback(_discard, short)
        note.write_text(str(short), encoding="utf-8")
        return short

    def _serves_here(self, pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/cwd").samefile(self.data)
        except OSError:
            return False


def remove(directory: Path) -> None:
    """Clear away what an interrupted initdb left."""
    shutil.rmtree(directory, ignore_errors=True)


def locked(file: IO[str] | IO[bytes], *, within: float = 0) -> bool:
    """Whether a file could be locked; the lock lasts while this process, or a child that inherits it, has it open."""
    patience = time.monotonic() + within
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= patience:
                return False
            time.sleep(0.05)
        else:
            return True


def _pid_in(mark: Path) -> int:
    first, *_ = mark.read_text(encoding="utf-8").splitlines() or ["0"]
    return int(first)


def _discard(socket_dir: Path) -> None:
    """Remove a directory that held a socket, and nothing else that may be in it."""
    if not socket_dir.name.startswith(SHORT):
        return
    for left in socket_dir.glob(".s.PGSQL.5432*"):
        left.unlink(missing_ok=True)
    with suppress(OSError):
        socket_dir.rmdir()
