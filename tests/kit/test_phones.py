"""Phone numbers have one form, and the placeholder is nobody's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.kit.phones import NO_PHONE, PhoneMalformed, phone


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+380 (44) 123-45-67", "+380441234567"), ("+359\u00a02 123 4567", "+35921234567"),
        ("+44.20.7946.0958", "+442079460958"), ("tel:+380441234567", "+380441234567"),
    ],
)  # fmt: skip
def test_b14_a_number_has_one_form(written: str, number: str) -> None:
    """With its country, whichever that is."""
    assert phone(written) == number


@pytest.mark.parametrize(
    "written", ["", " ", "+", "77777777777", "+7 777 777-77-77", "+" + "\u0667" * 11, "\uff0b" + "\uff17" * 11]
)
def test_b2_the_placeholder_is_no_number(written: str) -> None:
    """However it is spelt."""
    assert phone(written) is None


@pytest.mark.parametrize(
    "written", ["380441234567", "044 123 45 67", "+1", "call me", "+99912345678", "+380\x0044", "+380 44 12"]
)
def test_b14_a_number_without_its_country_is_refused(written: str) -> None:
    """None is guessed."""
    with pytest.raises(PhoneMalformed):
        phone(written)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=40), st.from_regex(r"\+?[0-9 ()\-]{0,20}.{0,3}")))
def test_b14_whatever_is_written_comes_out_as_a_number_or_not_at_all(written: str) -> None:
    """A plus and digits, never the placeholder."""
    try:
        number = phone(written)
    except PhoneMalformed:
        return
    assert number is None or (number[0] == "+" and number[1:].isascii() and number[1:].isdigit())
    assert number != f"+{NO_PHONE}"
