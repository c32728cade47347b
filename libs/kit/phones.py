"""Phone numbers: international, in one form, and the placeholder is none of them."""

from typing import Final, NewType

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from libs.kit.errors import Invalid

Phone = NewType("Phone", str)
# What a site sends when there is no phone (B2). Libraries call it a valid number of Kazakhstan; it reaches nobody.
NO_PHONE: Final = "77777777777"
SEPARATORS = str.maketrans("", "", " ()-.\u00a0")


class PhoneMalformed(Invalid):
    """A phone number is written with its country code, such as +380 44 123 45 67."""


def phone(written: str) -> Phone | None:
    """A number in its one form (E.164); None where nothing was written, or the placeholder."""
    bare = written.translate(SEPARATORS)
    if bare.removeprefix("+") in {"", NO_PHONE}:
        return None
    number = _international(bare)
    # Digits of other alphabets, extensions and invisible characters come out as the placeholder only here.
    return None if number == f"+{NO_PHONE}" else Phone(number)


def spelt(number: str) -> str:
    """A number as people read it: +380 44 123 4567."""
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def _international(written: str) -> str:
    try:
        number = phonenumbers.parse(written)
    except NumberParseException:
        raise PhoneMalformed from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneMalformed
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
