"""What is sealed can be read with the key, in its place, and not otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kit.errors import StartRefused
from libs.kit.sealing import Sealer, Unsealable

OLD, NEW = "an old secret of forty characters or so!", "a new secret of forty characters or so!!"


@given(st.text(max_size=200), st.text(max_size=50), st.integers(0, 1000))
def test_a_seal_opens_where_it_was_put_and_nowhere_else(words: str, place: str, at: int) -> None:
    """Neither moved, nor changed in any byte."""
    sealer = Sealer([OLD])
    sealed = sealer.seal(words, to=place)
    assert sealer.open(sealed, to=place) == words
    with pytest.raises(Unsealable):
        sealer.open(sealed, to=place + "x")
    broken = bytearray(sealed)
    broken[at % len(broken)] ^= 1
    with pytest.raises(Unsealable):
        sealer.open(bytes(broken), to=place)


def test_a_new_secret_opens_what_an_old_one_sealed_and_knows_it_again() -> None:
    """Rotation loses nothing; the old secret alone cannot open what is new."""
    before, after = Sealer([OLD]), Sealer([NEW, OLD])
    assert after.open(before.seal("number", to="row"), to="row") == "number"
    assert before.fingerprint("number", of="house") == after.fingerprint("number", of="house")
    with pytest.raises(Unsealable):
        before.open(after.seal("number", to="row"), to="row")


def test_equal_words_look_alike_by_fingerprint_only_within_a_house() -> None:
    """And sealed they never look alike."""
    sealer = Sealer([OLD])
    assert sealer.seal("number", to="row") != sealer.seal("number", to="row")
    assert sealer.fingerprint("number", of="a") != sealer.fingerprint("number", of="b")
    assert sealer.fingerprint("number", of="a") != Sealer([NEW]).fingerprint("number", of="a")


@pytest.mark.parametrize("secrets", [[], ["short"], [OLD, "short"]])
def test_a_secret_that_can_be_guessed_is_refused(secrets: list[str]) -> None:
    """At the start, not at the first phone number."""
    with pytest.raises(StartRefused):
        Sealer(secrets)


def test_a_stamp_is_known_again_for_what_it_was_put_on_and_for_nothing_else() -> None:
    """Other words, another role, another secret, a changed byte: not ours."""
    sealer, other = Sealer([OLD]), Sealer([NEW])
    stamp = sealer.stamp(b"words", of="frank")
    assert len(stamp) == 36
    assert sealer.stamped(stamp, b"words", of="frank")
    assert Sealer([NEW, OLD]).stamped(stamp, b"words", of="frank"), "after a rotation"
    broken = stamp[:-1] + bytes([stamp[-1] ^ 1])
    for shown, words, role in ((stamp, b"word", "frank"), (stamp, b"words", "link"), (broken, b"words", "frank")):
        assert not sealer.stamped(shown, words, of=role)
    assert not other.stamped(stamp, b"words", of="frank")
    assert not sealer.stamped(b"", b"words", of="frank")
