"""Messengers: what a login is, the links that open a talk with its owner (B13), and when a house lets them be shown."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, NewType

from libs.events.intake import Messenger
from libs.kit.errors import Invalid
from libs.kit.phones import PhoneMalformed, phone

Login = NewType("Login", str)
OffPlatform = Literal["forbid", "after_first_session", "allow"]
# Telegram: 4 to 32 Latin letters, digits and single underscores, a letter first, no underscore last.
TELEGRAM = re.compile(r"(?=.{4,32}\Z)[A-Za-z](?:_?[A-Za-z0-9])*")
DIGITS = re.compile(r"[1-9][0-9]{6,14}")
# What t.me keeps for itself; none of these is a person.
RESERVED = frozenset(
    {"addemoji", "addlist", "addstickers", "addtheme", "boost", "confirmphone", "contact", "giftcode", "invoice",
     "joinchat", "proxy", "setlanguage", "share", "socks"}
)  # fmt: skip


class LoginMalformed(Invalid):
    """This messenger has no such logins: Telegram has names, the others numbers with their country code."""


class Link(NamedTuple):
    """The links of one messenger, the one to try first in front."""

    messenger: Messenger
    urls: tuple[str, ...]


# By hand and whole: nothing of a link but its last part comes from a person.
URLS: Final[Mapping[Messenger, tuple[str, ...]]] = MappingProxyType({
    "telegram": ("https://t.me/{}",),
    "whatsapp": ("https://wa.me/{}", "https://msng.link/wa/{}"),
    "viber": ("viber://chat?number=%2B{}", "https://msng.link/vi/{}"),
    "signal": ("https://signal.me/#p/+{}",),
})  # fmt: skip


def login(messenger: Messenger, written: str) -> Login:
    """A login in its one form: a name, or the digits of a number; LoginMalformed if it cannot be one."""
    read: Callable[[str], str] = _name if messenger == "telegram" else _digits
    return Login(read(written))


def link(messenger: Messenger, known: Login) -> Link:
    """Where to press to write to the owner of a login; its form is looked at again, wherever it was kept."""
    if not (TELEGRAM if messenger == "telegram" else DIGITS).fullmatch(known):
        raise LoginMalformed
    return Link(messenger, tuple(url.format(known) for url in URLS[messenger]))


def may_be_shown(policy: OffPlatform, *, held: bool) -> bool:
    """Whether this house lets people say now how to reach them elsewhere, a first session held or not (D3)."""
    return policy == "allow" or (policy == "after_first_session" and held)


def _name(written: str) -> str:
    name = written.strip().removeprefix("@")
    if not TELEGRAM.fullmatch(name) or name.lower() in RESERVED:
        raise LoginMalformed
    return name


def _digits(written: str) -> str:
    try:
        digits = (phone(written) or "").removeprefix("+")
    except PhoneMalformed:
        raise LoginMalformed from None
    if not DIGITS.fullmatch(digits):
        raise LoginMalformed
    return digits
