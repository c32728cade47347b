"""Entries about one subject, each of which holds the hash of all before it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from libs.kit.ledger import tree

_GENESIS: Final = b"dovira chain/v1\x00"
_HEAD: Final = b"dovira head/v1\x00"

Why = Literal[
    "missing", "altered", "shortened", "rewritten", "elsewhere", "unsigned", "key_unknown", "gap", "not_covered",
    "root_differs", "head_differs", "unreadable",
]  # fmt: skip
MEANINGS: Mapping[Why, str] = {
    "missing": "an entry is missing here, or one too many came before",
    "altered": "this is not what was entered",
    "shortened": "there were more entries than are left",
    "rewritten": "all hashes fit one another, but this is not what was attested",
    "elsewhere": "this is about something else",
    "unsigned": "nobody whose key is known signed this checkpoint",
    "key_unknown": "the key that signed this checkpoint is not among those given",
    "gap": "this checkpoint does not follow the one before it",
    "not_covered": "no checkpoint covers this yet: one is made every few minutes, so fetch the ledger again then",
    "root_differs": "the checkpoint covers something else than what is kept",
    "head_differs": "the head is not the last entry",
    "unreadable": "what is told beside the entry is not what the entry says",
}


@dataclass(frozen=True)
class Broken:
    """What is wrong first, and where: in a chain at an entry, among checkpoints at a number."""

    where: str
    n: int
    why: Why

    def __str__(self) -> str:
        """For a person."""
        return f"{self.where}, {self.n}: {MEANINGS[self.why]} ({self.why})"


@dataclass(frozen=True)
class Entry:
    """One entry: its number, its bytes exactly as they are kept, and the hash up to and with it."""

    n: int
    payload: bytes
    digest: bytes


@dataclass(frozen=True)
class Head:
    """How far a chain had come, which is all one needs to hold it to everything before."""

    subject: UUID
    n: int
    digest: bytes

    @property
    def leaf(self) -> bytes:
        """Its place in a checkpoint's tree."""
        return tree.leaf(_HEAD + self.subject.bytes + self.n.to_bytes(8, "big") + self.digest)


def genesis(subject: UUID) -> bytes:
    """What the first entry follows: no two subjects begin alike, so that no entry can move to another."""
    return hashlib.sha256(_GENESIS + subject.bytes).digest()


def after(previous: bytes, n: int, payload: bytes) -> bytes:
    """The hash of an entry and of all before it."""
    return hashlib.sha256(previous + n.to_bytes(8, "big") + payload).digest()


def beginning(subject: UUID) -> Head:
    """A chain without entries."""
    return Head(subject, 0, genesis(subject))


def verify_chain(
    subject: UUID, entries: Iterable[Entry], *, since: Head | None = None, attested: Sequence[Head] = ()
) -> Head | Broken:
    """How far the chain has come, or what is wrong; `attested` are heads that it is known to have had."""
    reached = since or beginning(subject)
    if any(head.subject != subject for head in (reached, *attested)):
        return Broken(str(subject), 0, "elsewhere")
    due = {head.n: head.digest for head in attested}
    if len(due) < len({(head.n, head.digest) for head in attested}):
        return Broken(str(subject), max(due), "rewritten")
    if due.get(reached.n, reached.digest) != reached.digest:
        return Broken(str(subject), reached.n, "rewritten")
    for entry in entries:
        step = _step(reached, entry, due)
        if isinstance(step, Broken):
            return step
        reached = step
    if due and max(due) > reached.n:
        return Broken(str(subject), reached.n + 1, "shortened")
    return reached


def _step(reached: Head, entry: Entry, due: Mapping[int, bytes]) -> Head | Broken:
    n, where = reached.n + 1, str(reached.subject)
    if entry.n != n:
        return Broken(where, n, "missing")
    if entry.digest != after(reached.digest, n, entry.payload):
        return Broken(where, n, "altered")
    if due.get(n, entry.digest) != entry.digest:
        return Broken(where, n, "rewritten")
    return Head(reached.subject, n, entry.digest)
