"""Where somebody can be told of something: in one form, and masked when shown."""

import re
from dataclasses import dataclass, field
from typing import Final

from libs.kit.phones import Phone, phone
from services.chat.domain.notifications import AddressMissing, Locale, MailMalformed

# What every mail server takes: one @, no spaces, no dots at an end; nobody has a quoted name.
_MAIL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_LONGEST_NAME, _LONGEST = 64, 254
_SHOWN = 2


@dataclass(frozen=True)
class Address:
    """How to reach somebody, in clear; never shown as a whole."""

    phone: Phone | None = field(repr=False)
    mail: str | None = field(repr=False)
    locale: Locale


def address(written_phone: str | None, written_mail: str | None, locale: Locale) -> Address:
    """An address with at least one way to reach somebody; the placeholder +77777777777 is no phone (B2)."""
    number, mail = phone(written_phone or ""), mail_address(written_mail or "")
    if number is None and mail is None:
        raise AddressMissing
    return Address(number, mail, locale)


def mail_address(written: str) -> str | None:
    """An e-mail address without what people type around it; None where nothing was written."""
    bare = written.strip()
    if not bare:
        return None
    name, _, domain = bare.rpartition("@")
    if len(bare) > _LONGEST or len(name) > _LONGEST_NAME or not _MAIL.fullmatch(bare):
        raise MailMalformed
    return f"{name}@{domain.lower()}"


def masked_phone(number: str | None) -> str | None:
    """Enough of a number for its owner to know it again."""
    return None if number is None else f"{number[:4]}{'•' * (len(number) - 6)}{number[-_SHOWN:]}"


def masked_mail(mail: str | None) -> str | None:
    """Enough of an address for its owner to know it again."""
    if mail is None:
        return None
    name, _, domain = mail.rpartition("@")
    return f"{name[:1]}•••@{domain}"
