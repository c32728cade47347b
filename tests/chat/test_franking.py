"""What was said can be proved, word by word; nothing else can be made to pass for it, and what is hidden stays so."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from libs.kit.ledger import tree
from libs.kit.sealing import Sealer
from services.chat.domain import franking
from services.chat.domain.franking import (
    SALT,
    Context,
    Hidden,
    Opened,
    Shown,
    Unprovable,
    commit,
    excerpt_of,
    fits,
    root_of,
    vouched,
    words_of,
)

SEALER = Sealer(["a secret of forty characters or so, truly"])
NOW = datetime(2026, 3, 2, 18, 0, 21, 123456, tzinfo=UTC)
TEXTS = st.text(max_size=80)
SALTS = st.binary(min_size=SALT, max_size=SALT)
DIGESTS = st.lists(st.binary(min_size=32, max_size=32), max_size=3)


class Claim(NamedTuple):
    """What somebody shows: words, where they were said, and our stamp."""

    opened: Opened
    context: Context
    stamp: bytes


def genuine(claim: Claim) -> bool:
    try:
        commitment = root_of(claim.opened)
    except Unprovable:
        return False
    return SEALER.stamped(claim.stamp, vouched(commitment, claim.context), of="frank")


def said(chance: random.Random, context: Context | None = None) -> Claim:
    """A true message, some of it hidden; its last word is in its own place for all trees that look alike."""
    text = " ".join(chance.choice(["so", "we", "меня", "call", "+380", "67", "злюсь", "never"]) for _ in range(9))
    attachments, salt = [chance.randbytes(32) for _ in range(chance.randint(0, 2))], chance.randbytes(SALT)
    context = context or Context(
        conversation_id=UUID(bytes=chance.randbytes(16)), seq=chance.randint(1, 90), side="client",
        sender_id=UUID(bytes=chance.randbytes(16)), form="text", at=NOW + timedelta(seconds=chance.randint(0, 9)),
    )  # fmt: skip
    hidden = set(chance.sample(range(9), chance.randint(2, 5)))
    stamp = SEALER.stamp(vouched(franking.commit(text, salt, attachments), context), of="frank")
    return Claim(excerpt_of(text, salt, hidden, attachments), context, stamp)


def with_words(claim: Claim, words: list[Shown | Hidden]) -> Claim:
    return claim._replace(opened=replace(claim.opened, words=words))


def shown_of(claim: Claim, chance: random.Random) -> tuple[list[Shown | Hidden], int, Shown]:
    words = list(claim.opened.words)
    at = chance.choice([at for at, word in enumerate(words) if isinstance(word, Shown)])
    found = words[at]
    assert isinstance(found, Shown)
    return words, at, found


def another_word(claim: Claim, chance: random.Random) -> Claim:
    words, at, shown = shown_of(claim, chance)
    words[at] = replace(shown, content=chance.choice([b"not ", b"forged ", shown.content + b"x", b"x" + shown.content]))
    return with_words(claim, words)


def another_key(claim: Claim, chance: random.Random) -> Claim:
    words, at, shown = shown_of(claim, chance)
    words[at] = replace(shown, key=chance.randbytes(32))
    return with_words(claim, words)


def another_context(claim: Claim, chance: random.Random) -> Claim:
    was = claim.context
    changes = (
        {"conversation_id": uuid7()}, {"seq": was.seq + 1}, {"side": "specialist"}, {"sender_id": uuid7()},
        {"form": "card"}, {"at": was.at + timedelta(microseconds=1)},
    )  # fmt: skip
    return claim._replace(context=replace(was, **chance.choice(changes)))


def swapped(claim: Claim, chance: random.Random) -> Claim:
    words = list(claim.opened.words)
    one, other = chance.sample(range(len(words)), 2)
    words[one], words[other] = words[other], words[one]
    return with_words(claim, words)


def removed(claim: Claim, chance: random.Random) -> Claim:
    words = list(claim.opened.words)
    del words[chance.randrange(len(words))]
    return with_words(claim, words)


def added(claim: Claim, chance: random.Random) -> Claim:
    words = list(claim.opened.words)
    more = chance.choice([Hidden(chance.randbytes(32)), Shown(b"not ", chance.randbytes(32)), words[0]])
    words.insert(chance.randint(0, len(words)), more)
    return with_words(claim, words)


def another_stamp(claim: Claim, chance: random.Random) -> Claim:
    return claim._replace(stamp=said(chance, claim.context).stamp)


def hidden_made_words(claim: Claim, chance: random.Random) -> Claim:
    words = list(claim.opened.words)
    at = chance.choice([at for at, word in enumerate(words) if isinstance(word, Hidden)])
    found = words[at]
    key = found.digest if isinstance(found, Hidden) and chance.random() < 0.5 else chance.randbytes(32)
    words[at] = Shown(chance.choice([b"so ", b"never ", b"call "]), key)
    return with_words(claim, words)


def hidden_made_others(claim: Claim, chance: random.Random) -> Claim:
    words = list(claim.opened.words)
    at = chance.choice([at for at, word in enumerate(words) if isinstance(word, Hidden)])
    words[at] = Hidden(chance.randbytes(32))
    return with_words(claim, words)


def folded(claim: Claim, chance: random.Random) -> Claim:
    """Two words become one hidden place, whose hash is that of the node above them: the tree's root stays the same."""
    at = 2 * chance.randint(0, 3)
    everything = [*claim.opened.words, *claim.opened.attachments]
    if len(everything) % 2 and len(everything) == len(claim.opened.words):
        everything = _fold_all(everything)
    else:
        del everything[at]
    return claim._replace(opened=Opened(everything))


def _fold_all(words: list[Shown | Hidden]) -> list[Shown | Hidden]:
    leaves = [
        word.digest if isinstance(word, Hidden) else franking._leaf(word.key, b"w", at, word.content)
        for at, word in enumerate(words)
    ]
    return [Hidden(hash) for hash in tree._above(leaves)]


def from_attachment(claim: Claim, chance: random.Random) -> Claim:
    """What was an attachment's hash is shown as a word."""
    if not claim.opened.attachments:
        return another_word(claim, chance)
    first, *others = claim.opened.attachments
    return claim._replace(opened=Opened([*claim.opened.words, first], others))


FORGERIES: list[Callable[[Claim, random.Random], Claim]] = [
    another_word, another_key, another_context, swapped, removed, added, another_stamp, hidden_made_words,
    hidden_made_others, folded, from_attachment,
]  # fmt: skip


def accepted(times: int) -> int:
    """How many forgeries pass."""
    chance, passed = random.Random(2019016), 0
    for turn in range(times):
        claim = said(chance)
        assert genuine(claim)
        forged = FORGERIES[turn % len(FORGERIES)](claim, chance)
        passed += forged != claim and genuine(forged)
    return passed


def test_d18_ten_thousand_forgeries_are_refused() -> None:
    assert accepted(10_000) == 0


def forgetful(name: str) -> Callable[[Context], bytes]:
    """A context that does not hold one of its fields."""
    whole, blank = Context.encoded, Context(
        conversation_id=UUID(int=0), seq=0, side="clinic", sender_id=UUID(int=0), form="", at=NOW
    )  # fmt: skip
    return lambda context: whole(replace(context, **{name: getattr(blank, name)}))


MUTANTS: dict[str, tuple[object, str, object]] = {
    "the number of leaves is not bound": (
        franking, "_commitment", lambda *counts_and_leaves: tree.root(counts_and_leaves[-1]),
    ),
    "of a word only the beginning counts": (
        franking, "_leaf", lambda key, kind, place, content, leaf=franking._leaf: leaf(key, kind, place, content[:1]),
    ),
    "keys do not count": (
        franking, "_leaf", lambda *parts, leaf=franking._leaf: leaf(b"", *parts[1:]),
    ),
    "the stamp is on the words alone": (franking, "vouched", lambda *parts: parts[0]),
    "hidden places do not count": (
        franking, "_commitment",
        lambda *parts, whole=franking._commitment: whole(*parts[:2], parts[2][:2]),
    ),
}  # fmt: skip
MUTANTS |= {f"{name} is not bound": (Context, "encoded", forgetful(name)) for name in Context.__dataclass_fields__}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_mutant_lets_a_forgery_pass(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the ten thousand would notice."""
    where, name, planted = MUTANTS[mutant]
    monkeypatch.setattr(where, name, planted)
    if name == "vouched":
        monkeypatch.setitem(globals(), name, planted)
    assert accepted(1000) > 0


@given(TEXTS)
def test_the_words_joined_are_the_text(text: str) -> None:
    assert "".join(words_of(text)) == text


@given(TEXTS, SALTS, DIGESTS, st.sets(st.integers(0, 90)))
def test_d18_whatever_is_hidden_the_rest_still_proves(
    text: str, salt: bytes, attachments: list[bytes], hidden: set[int]
) -> None:
    opened = excerpt_of(text, salt, hidden, attachments)
    assert root_of(opened) == commit(text, salt, attachments)
    shown = [word.content.decode() for word in opened.words if isinstance(word, Shown)]
    assert shown == [word for at, word in enumerate(words_of(text)) if at not in hidden]


@given(st.tuples(TEXTS, SALTS, DIGESTS), st.tuples(TEXTS, SALTS, DIGESTS))
def test_a_commitment_fits_one_message(
    one: tuple[str, bytes, list[bytes]], other: tuple[str, bytes, list[bytes]]
) -> None:
    (text, salt, attachments), (another, foreign, others) = one, other
    text += "!"  # who says nothing at all can be held to nothing, whatever the salt
    commitment = commit(text, salt, attachments)
    assert fits(commitment, text, salt, attachments)
    assert fits(commitment, another, salt, attachments) == (another == text)
    assert fits(commitment, text, foreign, attachments) == (foreign == salt)
    assert fits(commitment, text, salt, others) == (others == attachments)
    assert not fits(commitment, text, salt + bytes(1), attachments)


def test_a_hidden_word_cannot_be_found_by_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with the keys of the words beside it, though everything else about it is known."""
    assert guessed() is None
    monkeypatch.setattr(franking, "_key", lambda *parts: parts[0])
    assert guessed() == b"0671234567"


def guessed() -> bytes | None:
    opened = excerpt_of("my number is 0671234567", bytes(range(SALT)), {3})
    hidden = opened.words[3]
    assert isinstance(hidden, Hidden)
    keys = [word.key for word in opened.words if isinstance(word, Shown)]
    tried = (b"0671234567", b"0671234568")
    return next((word for word in tried for key in keys if franking._leaf(key, b"w", 3, word) == hidden.digest), None)


def test_d18_of_a_hidden_word_not_even_the_length_shows() -> None:
    short, long = (excerpt_of(f"call {word} now", bytes(SALT), {1}) for word in ("me", "m" * 300))
    sizes = [[len(each.digest) if isinstance(each, Hidden) else None for each in one.words] for one in (short, long)]
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize(
    "opened",
    [
        Opened([Hidden(bytes(31))]),
        Opened([Shown(b"word", bytes(33))]),
        Opened([Shown(b"two words", bytes(32))]),
        Opened([Shown(b"spaceless", bytes(32)), Shown(b"words", bytes(32))]),
        Opened([Shown(b"\xff", bytes(32))]),
        Opened([Shown(b"", bytes(32))]),
        Opened([], [Shown(b"short", bytes(32))]),
    ],
)
def test_what_no_message_can_have_left_is_refused(opened: Opened) -> None:
    with pytest.raises(Unprovable):
        root_of(opened)
