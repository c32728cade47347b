"""A port that is told to a program is still free when the program gets there."""

import socket
from pathlib import Path

import pytest

from libs.kit import ports
from libs.kit.ports import HOST, OURS, free_port

LENT = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not LENT.exists(), reason="this kernel does not tell which ports it lends")
def test_no_connection_is_given_a_port_of_ours() -> None:
    first, last = map(int, LENT.read_text().split())
    assert not set(OURS) & set(range(first, last + 1))


def test_a_run_of_ports_has_none_that_somebody_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port(run=3)
    monkeypatch.setattr(ports, "OURS", range(first, first + 2))
    with socket.create_server((HOST, first)):
        assert free_port(run=2) == first + 1
