"""Contact cards: how one side can be reached elsewhere, made by us from a login, never from a link (B13, D3)."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from libs.events.intake import Messenger
from libs.kit.errors import Conflict
from libs.kit.messengers import OffPlatform, link, login, may_be_shown
from libs.kit.phones import PhoneMalformed, phone, spelt

CardKind = Literal["telegram", "whatsapp", "viber", "signal", "phone"]


class ContactsForbidden(Conflict):
    """This house keeps talks on the platform: contact cards are not sent here, neither now nor later."""


class ContactsTooEarly(Conflict):
    """In this house contact cards may be sent from the first session on that was held. It has not been held yet."""

    def extra(self) -> dict[str, Any]:
        """From when on."""
        return {"allowed_from": "first_session"}


@dataclass(frozen=True, slots=True)
class Card:
    """How to reach somebody: what to show, and the links to try in order."""

    kind: CardKind
    shown: str
    links: tuple[str, ...]

    def encoded(self) -> bytes:
        """The body of its message, in one way only: members by name, no spaces."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def permit(policy: OffPlatform, *, held: bool) -> None:
    """Whether a card may be sent now; raises what says why not, and from when on."""
    if policy == "forbid":
        raise ContactsForbidden
    if not may_be_shown(policy, held=held):
        raise ContactsTooEarly


def card(kind: CardKind, written: str) -> Card:
    """A card, if this is a login or a number; LoginMalformed or PhoneMalformed if it cannot be one."""
    return _phone(written) if kind == "phone" else _messenger(kind, written)


def _phone(written: str) -> Card:
    number = phone(written)
    if number is None:
        raise PhoneMalformed
    return Card("phone", spelt(number), (f"tel:{number}",))


def _messenger(kind: Messenger, written: str) -> Card:
    known = login(kind, written)
    shown = f"@{known}" if kind == "telegram" else spelt(f"+{known}")
    return Card(kind, shown, link(kind, known).urls)
