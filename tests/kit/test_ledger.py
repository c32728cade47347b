"""Whoever changes a ledger is found out, whatever they change and however well they cover it up."""

import base64
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from libs.bus.ids import uuid7
from libs.kit.ledger import (
    Broken,
    Checkpoint,
    Entry,
    Head,
    Proof,
    Signer,
    after,
    genesis,
    keys_of,
    tree,
    verify_chain,
    verify_checkpoint,
    verify_proof,
)  # fmt: skip
from libs.kit.ledger.examine import Examination, Found

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
SECRET, NEWER = "a secret of forty characters or so, truly", "a newer secret of forty characters or so"
SIGNER = Signer([SECRET])
LOG = "chat/therapy"


def chain(subject: UUID, *payloads: bytes, since: Head | None = None) -> list[Entry]:
    reached, entries = since or Head(subject, 0, genesis(subject)), list[Entry]()
    for n, payload in enumerate(payloads, reached.n + 1):
        digest = after(reached.digest, n, payload)
        entries.append(Entry(n, payload, digest))
        reached = Head(subject, n, digest)
    return entries


def head_of(subject: UUID, entries: list[Entry]) -> Head:
    return Head(subject, entries[-1].n, entries[-1].digest)


@dataclass
class House:
    """A whole database with its checkpoints, of which copies are kept elsewhere."""

    chains: dict[UUID, list[Entry]] = field(default_factory=dict)
    heads: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)
    checkpoints: list[tuple[Checkpoint, list[Head]]] = field(default_factory=list)
    kept: dict[tuple[str, int], Checkpoint] = field(default_factory=dict)

    def enter(self, subject: UUID, payload: bytes) -> None:
        entries = self.chains.setdefault(subject, [])
        entries += chain(subject, payload, since=head_of(subject, entries) if entries else None)
        self.heads[subject] = (entries[-1].n, entries[-1].digest)

    def seal(self, grown: set[UUID], signer: Signer = SIGNER) -> None:
        last = self.checkpoints[-1][0] if self.checkpoints else None
        heads = [head_of(subject, self.chains[subject]) for subject in sorted(grown)]
        at = NOW + timedelta(minutes=len(self.checkpoints))
        made = signer.checkpoint(LOG, heads, at=at, last=(last.number, last.digest) if last else None)
        self.checkpoints.append((made, heads))
        self.kept[LOG, made.number] = made

    def wrong(self, keys: Signer = SIGNER) -> list[Broken]:
        examination = Examination(keys.keys, self.kept)
        found = [examination.checkpoint(*each) for each in self.checkpoints]
        for subject, entries in self.chains.items():
            found.append(examination.chain(Found(LOG, subject, entries, self.heads.get(subject))))
        return [*(broken for broken in found if broken), *examination.ended()]


def lived_in(chance: random.Random) -> House:
    house, subjects = House(), [uuid7() for _ in range(4)]
    for _ in range(3):
        grown = set(subjects if not house.checkpoints else chance.sample(subjects, 3))
        for subject in grown:
            for _ in range(chance.randint(1, 4)):
                house.enter(subject, chance.randbytes(chance.randint(1, 60)))
        house.seal(grown)
    return house


def flip(house: House, chance: random.Random) -> None:
    entries = chance.choice(list(house.chains.values()))
    at = chance.randrange(len(entries))
    changed = bytearray(entries[at].payload)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    entries[at] = replace(entries[at], payload=bytes(changed))


def delete(house: House, chance: random.Random) -> None:
    entries = chance.choice(list(house.chains.values()))
    del entries[chance.randrange(len(entries))]


def insert(house: House, chance: random.Random) -> None:
    entries = chance.choice(list(house.chains.values()))
    at = chance.randrange(len(entries))
    entries.insert(at, replace(entries[at], payload=chance.randbytes(8)))


def swap(house: House, chance: random.Random) -> None:
    entries = chance.choice([each for each in house.chains.values() if len(each) > 1])
    one, other = chance.sample(range(len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]


def truncate(house: House, chance: random.Random) -> None:
    """And the head is set back, too."""
    subject, entries = chance.choice(list(house.chains.items()))
    del entries[chance.randrange(len(entries)) :]
    house.heads.pop(subject)
    if entries:
        house.heads[subject] = (entries[-1].n, entries[-1].digest)
    else:
        del house.chains[subject]


def rewrite_and_rechain(house: House, chance: random.Random) -> None:
    subject, entries = chance.choice(list(house.chains.items()))
    at = chance.randrange(len(entries))
    payloads = [entry.payload for entry in entries]
    payloads[at] += b"!"
    house.chains[subject] = chain(subject, *payloads)
    house.heads[subject] = (len(payloads), house.chains[subject][-1].digest)


def move(house: House, chance: random.Random) -> None:
    """An entry of one chain becomes the last of another, which is chained anew."""
    one, other = chance.sample(list(house.chains), 2)
    moved = house.chains[one].pop()
    house.enter(other, moved.payload)
    if house.chains[one]:
        house.heads[one] = (house.chains[one][-1].n, house.chains[one][-1].digest)


def forget_checkpoints(house: House, chance: random.Random) -> None:
    """A chain is cut, and the checkpoints that knew better go as well."""
    truncate(house, chance)
    del house.checkpoints[chance.randrange(len(house.checkpoints)) :]


def sign_anew(house: House, chance: random.Random) -> None:
    """Everything is made up from the start, with a key of the forger's own."""
    rewrite_and_rechain(house, chance)
    kept, house.checkpoints = house.kept, []
    house.seal(set(house.chains), Signer([NEWER]))
    house.kept = kept


TAMPERINGS: list[Callable[[House, random.Random], None]] = [
    flip, delete, insert, swap, truncate, rewrite_and_rechain, move, forget_checkpoints, sign_anew,
]  # fmt: skip


def tampered(times: int, examine: Callable[[House], object]) -> dict[str, int]:
    chance, missed = random.Random(16962), dict.fromkeys((each.__name__ for each in TAMPERINGS), 0)
    house = lived_in(chance)
    assert not house.wrong()
    for turn in range(times):
        if turn % 50 == 0:
            house = lived_in(chance)
        tamper, copy = TAMPERINGS[turn % len(TAMPERINGS)], deepcopy(house)
        tamper(copy, chance)
        missed[tamper.__name__] += not examine(copy)
    return missed


def test_r14_a_thousand_tamperings_show_and_none_of_them_without_checkpoints() -> None:
    """The second half is why there are checkpoints: a chain alone misses what was cut off or computed anew."""
    assert sum(tampered(1000, lambda house: house.wrong()).values()) == 0

    def chains_alone(house: House) -> bool:
        return any(isinstance(verify_chain(subject, entries), Broken) for subject, entries in house.chains.items())

    missed = tampered(200, chains_alone)
    assert missed["truncate"] > 15
    assert missed["rewrite_and_rechain"] > 15
    assert missed["flip"] == missed["insert"] == missed["swap"] == 0


@pytest.mark.parametrize("broken", ["flip", "missing", "shortened", "rewritten", "elsewhere", "head_differs"])
def test_it_is_said_which_entry_is_wrong_and_why(broken: str) -> None:
    subject = uuid7()
    entries = chain(subject, b"one", b"two", b"three")
    attested = [head_of(subject, entries)]
    if broken == "flip":
        entries[1] = replace(entries[1], payload=b"too")
        assert verify_chain(subject, entries) == Broken(str(subject), 2, "altered")
    elif broken == "missing":
        assert verify_chain(subject, entries[:1] + entries[2:]) == Broken(str(subject), 2, "missing")
    elif broken == "shortened":
        assert verify_chain(subject, entries[:2], attested=attested) == Broken(str(subject), 3, "shortened")
    elif broken == "rewritten":
        anew = chain(subject, b"one", b"too", b"three")
        assert verify_chain(subject, anew) == head_of(subject, anew)
        assert verify_chain(subject, anew, attested=attested) == Broken(str(subject), 3, "rewritten")
    elif broken == "elsewhere":
        other = uuid7()
        assert verify_chain(other, entries) == Broken(str(other), 1, "altered")
        assert verify_chain(other, entries, attested=attested) == Broken(str(other), 0, "elsewhere")
    else:
        found = Found(LOG, subject, entries, (2, entries[1].digest))
        assert Examination(SIGNER.keys).chain(found) == Broken(str(subject), 3, "head_differs")


def test_a_chain_can_be_followed_from_a_place_on() -> None:
    subject = uuid7()
    entries = chain(subject, b"one", b"two", b"three")
    since = head_of(subject, entries[:1])
    assert verify_chain(subject, entries[1:], since=since) == head_of(subject, entries)
    wrong = replace(since, digest=bytes(32))
    assert verify_chain(subject, entries[1:], since=wrong) == Broken(str(subject), 2, "altered")


def sealed() -> tuple[Checkpoint, list[Head]]:
    heads = [head_of(subject, chain(subject, b"one")) for subject in sorted(uuid7() for _ in range(5))]
    return SIGNER.checkpoint(LOG, heads, at=NOW, last=None), heads


@pytest.mark.parametrize(
    "change",
    [
        {"log": "chat/clinics"}, {"number": 2}, {"at": NOW + timedelta(microseconds=1)}, {"root": bytes(32)},
        {"size": 6}, {"previous": bytes([1] * 32)}, {"signature": bytes(64)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_nothing_in_a_checkpoint_can_be_changed(change: dict[str, Any]) -> None:
    checkpoint, _ = sealed()
    assert verify_checkpoint(checkpoint, SIGNER.keys) is None
    wrong = verify_checkpoint(replace(checkpoint, **change), SIGNER.keys)
    assert wrong is not None
    assert wrong.why == "unsigned"


def test_checkpoints_follow_one_another() -> None:
    first, heads = sealed()
    second = SIGNER.checkpoint(LOG, heads, at=NOW, last=(first.number, first.digest))
    third = SIGNER.checkpoint(LOG, heads, at=NOW, last=(second.number, second.digest))
    other, _ = sealed()
    assert verify_checkpoint(second, SIGNER.keys, last=first) is None
    assert verify_checkpoint(third, SIGNER.keys, last=first) == Broken(LOG, 3, "gap")
    assert verify_checkpoint(second, SIGNER.keys, last=other) == Broken(LOG, 2, "gap")


def test_a_proof_is_of_one_head_in_one_place() -> None:
    checkpoint, heads = sealed()
    proof = Proof(checkpoint, heads[3], 3, tree.inclusion([head.leaf for head in heads], 3))
    assert verify_proof(proof, SIGNER.keys) is None
    for wrong in (
        replace(proof, head=heads[2]), replace(proof, place=2), replace(proof, path=proof.path[:-1]),
        replace(proof, path=[*proof.path, bytes(32)]), replace(proof, head=replace(heads[3], n=2)),
    ):  # fmt: skip
        assert verify_proof(wrong, SIGNER.keys) == Broken(str(wrong.head.subject), wrong.head.n, "not_covered")


def test_after_rotation_old_keys_still_verify_and_only_the_new_one_signs() -> None:
    old, heads = sealed()
    both = Signer([NEWER, SECRET])
    new = both.checkpoint(LOG, heads, at=NOW, last=(old.number, old.digest))
    keys = keys_of(both.jwks())
    assert len(keys) == 2
    assert verify_checkpoint(old, keys) is None
    assert verify_checkpoint(new, keys, last=old) is None
    assert verify_checkpoint(new, SIGNER.keys) == Broken(LOG, 2, "key_unknown")


def test_keys_for_one_purpose_say_nothing_for_another() -> None:
    assert not Signer([SECRET], of="audit").keys.keys() & SIGNER.keys.keys()


def test_the_key_set_is_what_every_library_understands() -> None:
    told: dict[str, str | list[str]] = {**SIGNER.jwks()["keys"][0]}
    key = OKPKey.import_key(told)
    checkpoint, _ = sealed()
    assert isinstance(key.public_key, Ed25519PublicKey)
    key.public_key.verify(checkpoint.signature, checkpoint.signed)
    assert bytes.fromhex(checkpoint.key) == base64.urlsafe_b64decode(key.thumbprint() + "=")
