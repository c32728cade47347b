"""What somebody has downloaded: pages of ledgers, key sets, and checkpoints that were kept; and whether it all fits."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.kit.ledger.chain import Broken, Entry, Head, beginning, verify_chain
from libs.kit.ledger.checkpoints import Checkpoint, Keys, Proof, keys_of, verify_checkpoint, verify_proof


class Unrecognised(Exception):
    """This is neither a page of a ledger, nor a key set, nor a checkpoint."""


@dataclass(frozen=True)
class Proved:
    """How far a ledger has come, and how far a checkpoint proves it."""

    reached: Head
    covered: Head

    def __str__(self) -> str:
        """For a person."""
        waits = self.reached.n - self.covered.n
        return f"{self.reached.subject}: entries up to {self.covered.n} are proved, {waits} wait for a checkpoint"


@dataclass
class Chain:
    """What the pages of one ledger say together."""

    since: list[Head] = field(default_factory=list)
    entries: dict[int, Entry] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    wrong: list[Broken] = field(default_factory=list)


@dataclass
class Downloads:
    """Everything that was handed in, sorted by what it is."""

    keys: dict[str, Any] = field(default_factory=dict)
    chains: defaultdict[UUID, Chain] = field(default_factory=lambda: defaultdict(Chain))
    kept: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)
    wrong: list[Broken] = field(default_factory=list)

    def add(self, text: str) -> None:
        """A file's text: one document, or one on each line. Raises Unrecognised."""
        try:
            for document in documents(text):
                self._sort(document)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unrecognised from None

    def _sort(self, document: Mapping[str, Any]) -> None:
        if "keys" in document:
            self.keys |= keys_of(document)
        elif "entries" in document:
            self._page(document)
        else:
            self._checkpoint(checkpoint_of(document))

    def _checkpoint(self, checkpoint: Checkpoint) -> None:
        known = self.kept.setdefault((checkpoint.log, checkpoint.number), checkpoint)
        if known.signed != checkpoint.signed:
            self.wrong.append(Broken(checkpoint.log, checkpoint.number, "rewritten"))

    def _page(self, page: Mapping[str, Any]) -> None:
        subject = _id(page["subject_id"])
        chain = self.chains[subject]
        for said in page["entries"]:
            entry = Entry(_number(said["n"]), _base64(said["payload"]), _hex(said["digest"]))
            if not _says_the_same(said, json.loads(entry.payload)):
                chain.wrong.append(Broken(str(subject), entry.n, "unreadable"))
            if chain.entries.setdefault(entry.n, entry) != entry:
                chain.wrong.append(Broken(str(subject), entry.n, "rewritten"))
        chain.since.append(_head(subject, page["since"]) if page.get("since") else beginning(subject))
        if page.get("head"):
            chain.heads.append(_head(subject, page["head"]))
        if page.get("proof"):
            chain.proofs.append(_proof(subject, page["proof"]))
            self._checkpoint(chain.proofs[-1].checkpoint)


def verify(downloads: Downloads) -> Iterable[Broken | Proved]:
    """For every ledger how far it is proved to be true, or what is wrong with it."""
    yield from downloads.wrong
    for checkpoint in downloads.kept.values():
        last = downloads.kept.get((checkpoint.log, checkpoint.number - 1))
        if wrong := verify_checkpoint(checkpoint, downloads.keys, last=last):
            yield wrong
    for subject, chain in downloads.chains.items():
        yield from chain.wrong or _verified(subject, chain, downloads.keys)


def _verified(subject: UUID, chain: Chain, keys: Keys) -> Iterable[Broken | Proved]:
    wrong = [found for proof in chain.proofs if (found := verify_proof(proof, keys))]
    if wrong:
        return wrong
    attested = [*chain.heads, *(proof.head for proof in chain.proofs)]
    since = min(chain.since, key=lambda head: head.n)
    entries = [entry for n, entry in sorted(chain.entries.items()) if n > since.n]
    reached = verify_chain(
        subject, entries, since=since, attested=[*(head for head in attested if head.n >= since.n), *chain.since]
    )
    if isinstance(reached, Broken):
        return [reached]
    proved = max((proof.head for proof in chain.proofs), key=lambda head: head.n, default=None)
    return [Proved(reached, proved) if proved else Broken(str(subject), reached.n, "not_covered")]


def documents(text: str) -> Iterable[Mapping[str, Any]]:
    """The JSON objects of a file."""
    try:
        whole = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    return whole if isinstance(whole, list) else [whole]


def checkpoint_of(document: Mapping[str, Any]) -> Checkpoint:
    """A checkpoint as the API tells it, or as the event that the bus keeps."""
    said = document.get("data", document)
    return Checkpoint(
        log=said["log"] if "log" in said else f"{document['source'].rpartition('/')[2]}/{said['tenant']}",
        number=_number(said["number"]), at=_moment(said["at"]), root=_hex(said["root"]), size=_number(said["size"]),
        previous=_hex(said["previous"]), key=said["signed_with"], signature=_hex(said["signature"]),
    )  # fmt: skip


def _says_the_same(said: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return all(name in said and said[name] == value for name, value in payload.items())


def _head(subject: UUID, said: Mapping[str, Any]) -> Head:
    return Head(subject, _number(said["n"]), _hex(said["digest"]))


def _proof(subject: UUID, said: Mapping[str, Any]) -> Proof:
    path = [_hex(each) for each in said["path"]]
    return Proof(checkpoint_of(said["checkpoint"]), _head(subject, said["covers"]), _number(said["place"]), path)


# One way to write each thing, so that what looks different is different.
def _hex(said: str) -> bytes:
    raw = bytes.fromhex(said)
    if raw.hex() != said:
        raise ValueError("lower-case hexadecimal is meant")
    return raw


def _base64(said: str) -> bytes:
    raw = base64.b64decode(said, validate=True)
    if base64.b64encode(raw).decode() != said:
        raise ValueError("base64 is meant")
    return raw


def _number(said: object) -> int:
    if not isinstance(said, int) or not 0 <= said < 2**63:
        raise ValueError("a number of something is meant")
    return said


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    if moment.isoformat().replace("+00:00", "Z") != said:
        raise ValueError("a moment of universal time is meant")
    return moment


def _id(said: str) -> UUID:
    if str(UUID(said)) != said:
        raise ValueError("an id is meant")
    return UUID(said)
