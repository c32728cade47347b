"""What a node of the cluster is told: broker and controller in one, small enough for a laptop."""

import json
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Seat:
    """A node's number and its two ports."""

    node: int
    port: int
    controller_port: int


def properties(seat: Seat, seats: list[Seat], *, data: Path) -> str:
    """The server.properties of one node among several, or alone."""
    told = _identity(seat, seats, data) | _copies(len(seats)) | _frugality()
    return "".join(f"{name}={_escaped(value)}\n" for name, value in told.items())


def _escaped(value: object) -> str:
    # Java reads the file as Latin-1; its escapes for other letters are those of JSON.
    return json.dumps(str(value))[1:-1]


def _identity(seat: Seat, seats: list[Seat], data: Path) -> dict[str, object]:
    listeners = f"PLAINTEXT://{HOST}:{seat.port},CONTROLLER://{HOST}:{seat.controller_port}"
    return {
        "process.roles": "broker,controller",
        "node.id": seat.node,
        # Read from here at each start, and so free to change: voters that are kept in the log keep their ports.
        "controller.quorum.voters": ",".join(f"{each.node}@{HOST}:{each.controller_port}" for each in seats),
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": data,
    }


def _copies(nodes: int) -> dict[str, object]:
    """With three nodes everything is there three times, and a write is acknowledged by two."""
    in_sync = 2 if nodes > 1 else 1
    return {
        "default.replication.factor": nodes,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": nodes,
        "transaction.state.log.replication.factor": nodes,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": nodes,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _frugality() -> dict[str, object]:
    return {
        "auto.create.topics.enable": "false",
        "num.partitions": 6,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        "num.network.threads": 2,
        "num.io.threads": 2,
        # By default the cleaner alone takes 128 MiB, half of our heap.
        "log.cleaner.dedupe.buffer.size": 2 * 1024 * 1024,
        # A node killed and started again waits until its former self is given up: 9 s by default.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
    }
