"""What may be taken out of a conversation and shown to others, with its proof (D18, R15, R16)."""

from collections.abc import Mapping
from typing import NamedTuple

from libs.kit.errors import Conflict, Invalid, NotFound
from services.chat.domain.conversations import Contents
from services.chat.domain.franking import Context, Opened, excerpt_of, words_of


class MessageUnknown(NotFound):
    """You have no such message in this conversation."""


class MessageOpaque(Conflict):
    """Only your own program can read this message, so only it can show it: we cannot open what you encrypted."""


class MessageUnprovable(Conflict):
    """This message was altered, or never could be proved, so there is no excerpt of it."""


class NothingThere(Invalid):
    """You want to hide a word or a picture that the message does not have."""


class TooMuchAtOnce(Invalid):
    """These are too many messages for one time; each is proved by itself, so take them in several."""


class Hide(NamedTuple):
    """Which words and which pictures of a message stay hidden, counted from 0."""

    words: frozenset[int]
    attachments: frozenset[int]


class Excerpt(NamedTuple):
    """What somebody shows of a message, the place it had, and our stamp on both."""

    opened: Opened
    context: Context
    stamp: bytes


Choice = Mapping[int, Hide]


def excerpt(contents: Contents, hide: Hide) -> Opened:
    """Exactly what leaves. Raises NothingThere."""
    text = contents.words.decode()
    words = len(words_of(text))
    if not (hide.words <= set(range(words)) and hide.attachments <= set(range(len(contents.digests)))):
        raise NothingThere
    hidden = hide.words | {words + place for place in hide.attachments}
    return excerpt_of(text, contents.salt, hidden, contents.digests)
