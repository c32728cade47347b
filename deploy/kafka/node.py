"""One node, and Kafka's other programs: processes of Java that end with this one."""

import os
import signal
import subprocess
import time
from pathlib import Path

from deploy.kafka import jars
from deploy.kafka.settings import Seat, properties
from libs.kit.errors import StartRefused
from libs.kit.postgres.place import locked
from libs.kit.postgres.tether import tethered

READY_WITHIN = 90.0
STOPPED_WITHIN = 30.0
STARTED = "Kafka Server started"
HEAP = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Tools:
    """Kafka's programs, ready to be called."""

    def __init__(self) -> None:
        """Find Java, and the jars or fetch them."""
        self._java = [jars.KAFKA.java(), f"-Dlog4j2.configurationFile={jars.HERE / 'log4j2.properties'}"]
        # Java itself expands the asterisk.
        self._java += ["-cp", f"{jars.KAFKA.libs()}/*"]

    def command(self, program: str, *arguments: str, ending: signal.Signals) -> list[str]:
        """The command line of a program that does not outlive this process."""
        return tethered([*self._java[:1], *HEAP, *self._java[1:], program, *arguments], ending=ending)

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, with what it prints in `stdout`."""
        command = [*self._java, program, *arguments]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=_environment()
        )


class Node:
    """One broker-and-controller; it can be stopped, killed and started again on the same ports and data."""

    def __init__(self, seat: Seat, directory: Path, tools: Tools) -> None:
        """Describe a node that does not run yet."""
        self.seat = seat
        self.log_path = directory / f"node-{seat.node}.log"
        self._data = directory / f"node-{seat.node}"
        self._settings = directory / f"node-{seat.node}.properties"
        self._tools = tools
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def format(self, seats: list[Seat], cluster_id: str) -> None:
        """Write the settings and, the first time, an empty store."""
        self._settings.write_text(properties(self.seat, seats, data=self._data), encoding="utf-8")
        if (self._data / "meta.properties").exists():
            return
        flags = ("--ignore-formatted", "-t", cluster_id, "-c", str(self._settings))
        done = self._tools.run("kafka.tools.StorageTool", "format", *flags)
        if done.returncode != 0:
            raise StartRefused(f"Kafka could not prepare {self._data}:\n{done.stdout[-1500:]}")

    def launch(self) -> None:
        """Start the process and do not wait; main thread only."""
        if self.running():
            return
        command = self._tools.command("kafka.Kafka", str(self._settings), ending=signal.SIGTERM)
        with self.log_path.open("ab") as log:
            # A node inherits its open log, and so the lock: what a killed supervisor left behind may still be ending.
            if not locked(log, within=STOPPED_WITHIN):
                raise StartRefused(f"A Kafka node that writes {self.log_path} has outlived its supervisor.")
            self._log_start = log.seek(0, os.SEEK_END)
            # A session of its own: Ctrl-C is for the supervisor.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return when the node has said that it serves; from any thread."""
        patience = time.monotonic() + READY_WITHIN
        while STARTED not in self._said():
            if not self.running() or time.monotonic() > patience:
                raise StartRefused(f"Kafka node {self.seat.node} did not start; its log ends:\n{self._said()[-1500:]}")
            time.sleep(0.02)

    def running(self) -> bool:
        """Whether there is a process, ready or not."""
        return self._process is not None and self._process.poll() is None

    def end(self, request: signal.Signals) -> None:
        """Ask the process to end, and do not wait."""
        if self._process is not None:
            self._process.send_signal(request)

    def wait_until_gone(self) -> None:
        """Return when the process has ended, which in the end it must."""
        if self._process is None:
            return
        try:
            self._process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _said(self) -> str:
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")


def _environment() -> dict[str, str]:
    # In the C locale Java cannot open a file whose name has letters beyond ASCII.
    return os.environ | {"LC_ALL": "C.UTF-8"}
