"""One Kafka node, or three that survive the loss of one, as children of this process."""

import secrets
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from deploy.kafka.node import Node, Tools
from deploy.kafka.settings import HOST, Seat
from libs.kit.errors import StartRefused
from libs.kit.ports import claim, free_port
from libs.kit.postgres.place import locked


class Kafka:
    """A running cluster; its data stay in the run directory."""

    def __init__(self, run_dir: Path, seats: list[Seat]) -> None:
        """Describe a cluster that does not run yet; `start` is the way in."""
        self._tools = tools = Tools()
        self._held = ExitStack()
        self._nodes = {seat.node: Node(seat, run_dir, tools) for seat in seats}
        self.bootstrap = ",".join(f"{HOST}:{seat.port}" for seat in seats)

    @classmethod
    def start(cls, run_dir: Path, *, brokers: int = 1, port: int | None = None) -> Self:
        """Start nodes on `port` and those after it, or on ports that are free; main thread only."""
        run_dir = run_dir.absolute()
        with ExitStack() as held:
            cluster_id = _claim(run_dir, held)
            seats = _seats(brokers, port)
            kafka = cls(run_dir, seats)
            held.callback(kafka._end)
            kafka._format(seats, cluster_id)
            for number in kafka._nodes:
                kafka.launch(number)
            kafka.wait_until_ready()
            kafka._held = held.pop_all()
        return kafka

    def stop(self) -> None:
        """End every node cleanly; again is no harm."""
        self._held.close()

    def launch(self, node: int) -> None:
        """Start a node and do not wait for it, for callers whose event loop must go on; main thread only."""
        self._nodes[node].launch()

    def wait_until_ready(self) -> None:
        """Return when every launched node serves; from any thread."""
        for node in self._nodes.values():
            if node.running():
                node.wait_until_ready()

    def start_node(self, node: int) -> None:
        """Start a node that was stopped or killed, and wait until it serves."""
        self._nodes[node].launch()
        self._nodes[node].wait_until_ready()

    def stop_node(self, node: int) -> None:
        """End one node cleanly."""
        self._nodes[node].end(signal.SIGTERM)
        self._nodes[node].wait_until_gone()

    def kill(self, node: int) -> None:
        """End one node as a power cut would."""
        self._nodes[node].end(signal.SIGKILL)
        self._nodes[node].wait_until_gone()

    def running(self) -> list[int]:
        """The nodes that have a process now."""
        return [number for number, node in self._nodes.items() if node.running()]

    def _format(self, seats: list[Seat], cluster_id: str) -> None:
        with ThreadPoolExecutor() as pool:
            for formatted in [pool.submit(node.format, seats, cluster_id) for node in self._nodes.values()]:
                formatted.result()

    def _end(self) -> None:
        for node in self._nodes.values():
            node.end(signal.SIGTERM)
        for node in self._nodes.values():
            node.wait_until_gone()


def _claim(run_dir: Path, held: ExitStack) -> str:
    """Take the run directory for this process alone, and read or invent the cluster's id."""
    name = run_dir / "cluster.id"
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = held.enter_context((run_dir / "kafka.lock").open("w"))
        if not locked(lock):
            raise StartRefused(f"Another process already runs a Kafka in {run_dir}.")
        if not name.exists():
            # As Kafka makes them: 16 bytes in base64, and not to be taken for an option.
            name.write_text("K" + secrets.token_urlsafe(16)[1:], encoding="ascii")
    except OSError as refusal:
        raise StartRefused(f"The run directory {run_dir} cannot be written: {refusal.strerror}.") from refusal
    return name.read_text(encoding="ascii")


def consumer_groups(bootstrap: str, group: str) -> str:
    """What Kafka's own tool tells of a group: its offsets, its lag, its members."""
    program = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
    return Tools().run(program, "--bootstrap-server", bootstrap, "--describe", "--group", group).stdout


def _seats(brokers: int, port: int | None) -> list[Seat]:
    """Brokers first, then controllers, so that a lone node has 9092 and 9093."""
    first = free_port(run=2 * brokers) if port is None else port
    ports = [*range(first, first + 2 * brokers)]
    for each in ports:
        _check(each)
    return [Seat(node, *pair) for node, pair in enumerate(zip(ports[:brokers], ports[brokers:], strict=True), start=1)]


def _check(port: int) -> None:
    try:
        claim(port)
    except OSError as refusal:
        raise StartRefused(f"Port {port} cannot be had ({refusal.strerror}): free it, or choose another.") from refusal
