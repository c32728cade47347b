"""Proof of who said what and when, word by word, for those to whom a person shows it and for nobody else (D18).

The algorithm is told for readers of any language in docs/franking.md; what is here must give its test vector.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, TypeVar
from uuid import UUID

from libs.events.chat import Side
from libs.kit.ledger import tree

SALT: Final = 32  # bytes, made anew for every message and kept inside the sealed body
HASH: Final = 32
_LEAF, _ROOT, _CONTEXT = b"dovira frank leaf/v1\x00", b"dovira frank root/v1\x00", b"dovira frank context/v1\x00"
_WORD, _ATTACHMENT = b"w", b"a"
# Said in full, because what counts as a space differs from language to language.
_WORDS = re.compile("[^ \t\n\r\u00a0]+[ \t\n\r\u00a0]*|[ \t\n\r\u00a0]+")
Content = TypeVar("Content")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unprovable(Exception):
    """This is no excerpt of any message."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the service vouches for beside the words: where, when and by whom they were sent."""

    conversation_id: UUID
    seq: int
    side: Side
    sender_id: UUID
    form: str
    at: datetime

    def encoded(self) -> bytes:
        """The same as bytes, in one way only."""
        sent = (self.at - _EPOCH) // timedelta(microseconds=1)
        return b"".join(
            (
                _CONTEXT, self.conversation_id.bytes, _number(self.seq, 8), _counted(self.side.encode()),
                self.sender_id.bytes, _counted(self.form.encode()), _number(sent, 8),
            )
        )  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A word or an attachment's SHA-256 that is shown, with the key that proves it."""

    content: bytes
    key: bytes


@dataclass(frozen=True)
class Hidden:
    """A word or an attachment of which only the hash is told; neither what it is nor how long."""

    digest: bytes


@dataclass(frozen=True)
class Opened:
    """A message of which somebody shows a part: everything in its place, hidden or not."""

    words: Sequence[Shown | Hidden]
    attachments: Sequence[Shown | Hidden] = ()


def words_of(text: str) -> list[str]:
    """The words, each with the spaces behind it, so that joined they are the text again."""
    return _WORDS.findall(text)


def commit(text: str, salt: bytes, attachments: Sequence[bytes] = ()) -> bytes:
    """The 32 bytes that stand for a message; nothing can be learnt from them, and they fit no other message."""
    words = [word.encode() for word in words_of(text)]
    leaves = [
        _leaf(_key(salt, place), kind, place, content)
        for place, (kind, content) in enumerate(_kinds(words, attachments))
    ]
    return _commitment(len(words), len(attachments), leaves)


def fits(commitment: bytes, text: str, salt: bytes, attachments: Sequence[bytes] = ()) -> bool:
    """Whether a message is what its sender committed to; if not, it is shown to nobody, for it could not be proved."""
    return len(salt) == SALT and hmac.compare_digest(commit(text, salt, attachments), commitment)


def vouched(commitment: bytes, context: Context) -> bytes:
    """What the service stamps."""
    return commitment + context.encoded()


def excerpt_of(text: str, salt: bytes, hidden: AbstractSet[int], attachments: Sequence[bytes] = ()) -> Opened:
    """What remains when some places are hidden: 0 is the first word, and attachments follow the last one."""
    words = [word.encode() for word in words_of(text)]
    leaves: list[Shown | Hidden] = []
    for place, (kind, content) in enumerate(_kinds(words, attachments)):
        key = _key(salt, place)
        leaves.append(Hidden(_leaf(key, kind, place, content)) if place in hidden else Shown(content, key))
    return Opened(leaves[: len(words)], leaves[len(words) :])


def root_of(opened: Opened) -> bytes:
    """The commitment that an excerpt leads to. Raises Unprovable for what no message can have left."""
    _refuse_the_impossible(opened)
    leaves = [
        one.digest if isinstance(one, Hidden) else _leaf(one.key, kind, place, one.content)
        for place, (kind, one) in enumerate(_kinds(opened.words, opened.attachments))
    ]
    return _commitment(len(opened.words), len(opened.attachments), leaves)


def _kinds(words: Iterable[Content], attachments: Iterable[Content]) -> Iterator[tuple[bytes, Content]]:
    yield from ((_WORD, word) for word in words)
    yield from ((_ATTACHMENT, attachment) for attachment in attachments)


def _commitment(words: int, attachments: int, leaves: Sequence[bytes]) -> bytes:
    sizes = _number(words, 4) + _number(attachments, 4)
    return hashlib.sha256(_ROOT + sizes + tree.root(leaves)).digest()


def _leaf(key: bytes, kind: bytes, place: int, content: bytes) -> bytes:
    return tree.leaf(key + kind + _number(place, 4) + _number(len(content), 4) + content)


def _key(salt: bytes, place: int) -> bytes:
    """Each place has its own: whoever is shown one word's key cannot try words for the others."""
    if len(salt) != SALT:
        raise ValueError(f"a salt has {SALT} bytes")
    return hmac.digest(salt, _LEAF + _number(place, 4), "sha256")


def _refuse_the_impossible(opened: Opened) -> None:
    """Keys and hashes have one length, and what stands as one word is one word."""
    everything = [*opened.words, *opened.attachments]
    if any(len(one.digest if isinstance(one, Hidden) else one.key) != HASH for one in everything):
        raise Unprovable
    if any(isinstance(one, Shown) and len(one.content) != HASH for one in opened.attachments):
        raise Unprovable
    for shown, run in groupby(opened.words, key=lambda word: isinstance(word, Shown)):
        if shown and not _are_words([word.content for word in run if isinstance(word, Shown)]):
            raise Unprovable


def _are_words(run: list[bytes]) -> bool:
    try:
        words = [word.decode() for word in run]
    except UnicodeDecodeError:
        return False
    return words_of("".join(words)) == words


def _counted(words: bytes) -> bytes:
    return _number(len(words), 2) + words


def _number(value: int, width: int) -> bytes:
    return value.to_bytes(width, "big")
