"""What the feed shows of one house, and how a card looks."""

import json
from bisect import insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.intake.queries import Card, Entry


class Frame(NamedTuple):
    """Something that happened, as every reader gets it whom it is for."""

    position: int
    card: Card
    gone: bool
    data: bytes


class Board:
    """The newest open cards of one house, the newest last.

    It holds up to twice as many as it shows, so that older ones are asked for once in a while and not for each.
    """

    def __init__(self, shows: int) -> None:
        self._shows = shows
        self._frames: list[Frame] = []
        self._older = False

    @property
    def low(self) -> bool:
        """Whether older ones are needed, of which there may be some."""
        return self._older and len(self._frames) <= self._shows

    def shown(self) -> Sequence[Frame]:
        """What a new reader is shown, the oldest first."""
        return self._frames[-self._shows :]

    def hid_some(self, gone: int) -> bool:
        """Whether there may have been more than it shows, before so many went."""
        return self._older or len(self._frames) + gone > self._shows

    def fill(self, cards: Sequence[Card]) -> bool:
        """Begin with the newest of a house, the oldest first; whether others are shown than before."""
        before = {frame.card.id for frame in self.shown()}
        self._frames = [Frame(0, card, False, shown(card)) for card in cards]
        self._older = len(cards) >= 2 * self._shows
        return before != {frame.card.id for frame in self.shown()}

    def take(self, card: Card, *, gone: bool) -> Iterable[Frame]:
        """A card came or went; those that are shown now because it went."""
        before = {frame.card.id for frame in self.shown()} | {card.id}
        self._frames = [frame for frame in self._frames if frame.card.id != card.id]
        if not gone:
            self._put(Frame(0, card, False, shown(card)))
        return [frame for frame in self.shown() if frame.card.id not in before]

    def _put(self, frame: Frame) -> None:
        if self._older and self._frames and _age(frame) < _age(self._frames[0]):
            return  # Between it and the oldest that is held there may be some that are not.
        insort(self._frames, frame, key=_age)
        if len(self._frames) > 2 * self._shows:
            del self._frames[0]
            self._older = True


def frame_of(entry: Entry) -> Frame:
    """What happened, with its position."""
    card = entry.card
    happened = b'event: gone\ndata: {"id":"%s"}\n\n' % str(card.id).encode() if entry.gone else shown(card)
    return Frame(entry.position, card, entry.gone, b"id: %d\n%s" % (entry.position, happened))


def shown(card: Card) -> bytes:
    """A card: number, category, arrival, a phone mark, and whether it cannot wait (B3, B6)."""
    told = {
        "id": str(card.id), "number": card.number, "category": card.category,
        "received_at": card.opened_at.isoformat().replace("+00:00", "Z"), "phone": card.kind == "phone",
        "urgent": card.urgent,
    }  # fmt: skip
    return b"event: request\ndata: %s\n\n" % json.dumps(told, separators=(",", ":")).encode()


def _age(frame: Frame) -> tuple[object, ...]:
    return frame.card.since, frame.card.id
