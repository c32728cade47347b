"""Whether conversations, as their senders and readers saw them, could have been had.

Each has one order, the same for all. What was acknowledged is in it at its number, once and unchanged; what was never
sent is not; and each device was given all of it, one after another, whatever broke in between.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

Kind = Literal[
    "lost", "duplicated", "reordered", "skipped", "invented", "altered", "gap", "told otherwise", "behind", "leaked"
]
T = TypeVar("T")


class Try(NamedTuple):
    """One attempt to send a message; without `returned` and `seq` nobody knows what became of it."""

    talk: str
    sender: str
    message: str
    body: str
    invoked: float
    returned: float | None
    seq: int | None


class Said(NamedTuple):
    """A message, as a reader was given it."""

    seq: int
    sender: str
    message: str
    body: str


class Stretch(NamedTuple):
    """What a device was given from where it began until it broke off; after a resync it begins elsewhere."""

    talk: str
    device: str
    reader: str
    after: int
    said: Sequence[Said]


class Fault(NamedTuple):
    """Something that cannot have been."""

    kind: Kind
    talk: str
    what: str


@dataclass
class History:
    """All that was seen from outside, and what is there at the end; `seats` says who may read what."""

    seats: Mapping[str, frozenset[str]]
    tries: list[Try] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    ends: dict[str, Sequence[Said]] = field(default_factory=dict)

    def keep(self, file: Path) -> None:
        """One line of JSON for each."""
        lines: list[tuple[str, object]] = [("try", each) for each in self.tries]
        lines += [("stretch", each) for each in self.stretches] + [("end", each) for each in self.ends.items()]
        with file.open("w") as kept:
            kept.writelines(json.dumps(line) + "\n" for line in lines)

    def add(self, file: Path) -> None:
        """What somebody else has kept."""
        with file.open() as kept:
            for what, line in map(json.loads, kept):
                if what == "try":
                    self.tries.append(Try(*line))
                elif what == "stretch":
                    it = Stretch(*line)
                    self.stretches.append(it._replace(said=[Said(*each) for each in it.said]))
                else:
                    self.ends[line[0]] = [Said(*said) for said in line[1]]


@dataclass
class _Message:
    """All attempts at one message, as one."""

    talk: str
    sender: str
    body: str
    invoked: float = math.inf
    returned: float = math.inf
    told: set[int] = field(default_factory=set)


def faults(history: History) -> list[Fault]:
    """Everything that cannot have been; nothing if all is well."""
    sent = _messages(history.tries)
    by_talk = _grouped(sent.items(), lambda it: it[1].talk)
    stretches = _grouped(history.stretches, lambda it: it.talk)
    found: list[Fault] = []
    for talk in history.seats.keys() | by_talk.keys() | stretches.keys() | history.ends.keys():
        end, mine = history.ends.get(talk, ()), dict(by_talk.get(talk, ()))
        found += _numbered(talk, end)
        found += _kept(talk, mine, end)
        found += _in_time(talk, mine, end)
        found += _known(talk, sent, end)
        found += _given(talk, sent, end, stretches.get(talk, ()), history.seats.get(talk, frozenset()))
    return found


def _numbered(talk: str, end: Sequence[Said]) -> Iterator[Fault]:
    """Numbers are 1, 2, 3 and so on, and no message has two."""
    numbers = [said.seq for said in end]
    if numbers != list(range(1, len(end) + 1)):
        at = next(n for n, seq in enumerate(numbers, 1) if n != seq)
        yield Fault("gap", talk, f"{numbers[at - 1]} where {at} should be")
    seen: dict[str, int] = {}
    for said in end:
        first = seen.setdefault(said.message, said.seq)
        if first != said.seq:
            yield Fault("duplicated", talk, f"{said.message} is {first} and {said.seq}")


def _kept(talk: str, sent: Mapping[str, _Message], end: Sequence[Said]) -> Iterator[Fault]:
    """What was acknowledged is there, at the number that was told, and told again."""
    places = {said.message: said.seq for said in reversed(end)}
    for message, it in sent.items():
        if not it.told:
            continue
        if message not in places:
            yield Fault("lost", talk, f"{message} was acknowledged as {min(it.told)}")
        elif it.told != {places[message]}:
            yield Fault("told otherwise", talk, f"{message} is {places[message]}, its sender heard {sorted(it.told)}")


def _in_time(talk: str, sent: Mapping[str, _Message], end: Sequence[Said]) -> Iterator[Fault]:
    """What was acknowledged before another was sent has the lower number."""
    earliest = math.inf
    for said in reversed(end):
        it = sent.get(said.message)
        if it is None:
            continue
        if earliest < it.invoked:
            yield Fault("reordered", talk, f"{said.seq} was sent when a later one had been acknowledged")
        earliest = min(earliest, it.returned)


def _known(talk: str, sent: Mapping[str, _Message], given: Iterable[Said]) -> Iterator[Fault]:
    """Somebody sent it: here, and with these words."""
    for said in given:
        it = sent.get(said.message)
        if it is None:
            yield Fault("invented", talk, f"nobody sent {said.message}, which is {said.seq}")
        elif it.talk != talk:
            yield Fault("leaked", talk, f"{said.message} was sent in {it.talk}")
        elif (it.sender, it.body) != (said.sender, said.body):
            yield Fault("altered", talk, f"{said.seq} is not as it was sent")


def _given(
    talk: str, sent: Mapping[str, _Message], end: Sequence[Said], stretches: Sequence[Stretch], seats: frozenset[str]
) -> Iterator[Fault]:
    """Each device was given what there is, in steps of one, up to the last."""
    places = {said.seq: said for said in end}
    for stretch in stretches:
        if stretch.said and stretch.reader not in seats:
            yield Fault("leaked", talk, f"{stretch.reader} was given {stretch.said[0].seq}")
        yield from _steps(stretch)
        for said in stretch.said:
            if places.get(said.seq) == said:
                continue
            unknown = list(_known(talk, sent, [said]))
            yield from unknown or [Fault("lost", talk, f"{said.seq} was {said.message} to {stretch.device}")]
    for device, mine in _grouped(stretches, lambda it: it.device).items():
        begun, held = min(each.after for each in mine), {said.seq for each in mine for said in each.said}
        if lacking := [seq for seq in places if seq > begun and seq not in held and mine[0].reader in seats]:
            yield Fault("behind", talk, f"{device} was never given {len(lacking)}, such as {min(lacking)}")


def _steps(stretch: Stretch) -> Iterator[Fault]:
    at = stretch.after
    for said in stretch.said:
        if said.seq <= at:
            yield Fault("duplicated", stretch.talk, f"{stretch.device} was given {said.seq} after {at}")
        elif said.seq > at + 1:
            yield Fault("skipped", stretch.talk, f"{stretch.device} was given {said.seq} after {at}")
        at = max(at, said.seq)


def _messages(tries: Iterable[Try]) -> dict[str, _Message]:
    found: dict[str, _Message] = {}
    for each in tries:
        it = found.setdefault(each.message, _Message(each.talk, each.sender, each.body))
        it.invoked = min(it.invoked, each.invoked)
        if each.seq is not None and each.returned is not None:
            it.returned = min(it.returned, each.returned)
            it.told.add(each.seq)
    return found


def _grouped(what: Iterable[T], by: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for each in what:
        found.setdefault(by(each), []).append(each)
    return found
