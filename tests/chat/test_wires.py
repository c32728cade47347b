"""What instances tell one another fits into notifications, in order, and nobody is told their own."""

from typing import Any
from uuid import UUID

from libs.bus.ids import uuid7
from services.chat.api.wires import WAITING, Wires

TAKEN = 8000  # bytes; PostgreSQL refuses a notification of as many


def test_everything_that_waits_is_told_in_order_and_only_to_others():
    heard: list[tuple[UUID, Any]] = []
    one, other = (Wires("postgresql://nowhere", lambda talk, news: heard.append((talk, news))) for _ in range(2))
    said: list[tuple[UUID, Any]] = [(uuid7(), number) for number in range(500)]
    said += [(uuid7(), {"type": "presence", "side": "specialist", "online": True, "asks": True}) for _ in range(200)]
    for talk, news in said:
        one.send(talk, news)
    while one._waiting:
        payload = one._packed()
        assert len(payload.encode()) < TAKEN
        one._heard(None, 0, "chat", payload)
        other._heard(None, 0, "chat", payload)
    assert heard == said


def test_with_too_much_to_tell_something_is_left_out():
    wires = Wires("postgresql://nowhere", lambda *_: None)
    for number in range(WAITING + 5):
        wires.send(uuid7(), number)
    assert len(wires._waiting) == WAITING
