"""Holding everything that is kept to the checkpoints: every chain, every tree, and what was kept elsewhere."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from libs.kit.ledger import tree
from libs.kit.ledger.chain import Broken, Entry, Head, verify_chain
from libs.kit.ledger.checkpoints import FIRST, Checkpoint, Keys, verify_checkpoint


class Found(NamedTuple):
    """What a log keeps about one subject."""

    log: str
    subject: UUID
    entries: Iterable[Entry]
    head: tuple[int, bytes] | None


@dataclass
class Examination:
    """First the checkpoints of a log in order, then every chain, and `ended` says what never came."""

    keys: Keys
    kept: Mapping[tuple[str, int], Checkpoint] = field(default_factory=dict)
    _last: dict[str, Checkpoint] = field(default_factory=dict, init=False)
    _attested: defaultdict[UUID, list[Head]] = field(default_factory=lambda: defaultdict(list), init=False)
    _logs: dict[UUID, str] = field(default_factory=dict, init=False)

    def checkpoint(self, checkpoint: Checkpoint, heads: Sequence[Head]) -> Broken | None:
        """The next checkpoint of its log, and the heads that are kept as those it covers."""
        log, number, last = checkpoint.log, checkpoint.number, self._last.get(checkpoint.log)
        if last is None and (number, checkpoint.previous) != (1, FIRST):
            return Broken(log, number, "gap")
        wrong = verify_checkpoint(checkpoint, self.keys, last=last)
        if wrong is not None:
            return wrong
        self._last[log] = checkpoint
        known = self.kept.get((log, number))
        if known is not None and known.signed != checkpoint.signed:
            return Broken(log, number, "rewritten")
        if (len(heads), tree.root([head.leaf for head in heads])) != (checkpoint.size, checkpoint.root):
            return Broken(log, number, "root_differs")
        for head in heads:
            self._attested[head.subject].append(head)
            self._logs[head.subject] = log
        return None

    def chain(self, found: Found) -> Broken | None:
        """All entries of one subject, and the head from which the next one would go on."""
        attested = self._attested.pop(found.subject, [])
        if self._logs.get(found.subject, found.log) != found.log:
            return Broken(str(found.subject), 0, "elsewhere")
        reached = verify_chain(found.subject, found.entries, attested=attested)
        if isinstance(reached, Broken):
            return reached
        if found.head != (reached.n, reached.digest):
            return Broken(str(found.subject), reached.n, "head_differs")
        return None

    def ended(self) -> list[Broken]:
        """What was attested, or is kept elsewhere, and is not here."""
        gone = [Broken(str(subject), 1, "shortened") for subject in self._attested]
        newest = {log: last.number for log, last in self._last.items()}
        lost = [Broken(log, number, "shortened") for log, number in self.kept if number > newest.get(log, 0)]
        return gone + sorted(lost, key=lambda broken: (broken.where, broken.n))
