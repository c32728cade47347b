"""Words at the start of a message that say it is urgent (C12)."""

# ruff: noqa: RUF001 - letters that look alike are what this is about
import unicodedata
from itertools import groupby

LOOKED_AT = 256
# What is written in one script and read in another; h is among them because a capital one looks like that of н.
_LOOKALIKES = str.maketrans(
    "abcehikmopstxyαβεηικμορτυχієѕ",
    "авсенікморѕтхуавенікмортухіеѕ",
)
_WORDS = (
    "срочно", "экстренно", "неотложно", "немедленно", "сос",
    "терміново", "екстрено", "невідкладно", "негайно",
    "спешно", "незабавно",
    "urgent", "urgently", "emergency", "sos",
    "srochno", "ekstrenno", "terminovo", "nevidkladno", "speshno",
)  # fmt: skip


def says_urgent(message: str) -> bool:
    """Whether the first word says so: alone, in any case and script, behind whatever is no word.

    Only the first word: whoever writes that something is not urgent, or how urgent it is, says something else.
    """
    words = _first_words(message)
    if not words:
        return False
    spelt = [letter for word in words[:3] for letter in word.split("-")][:3]
    if "".join(map(_skeleton, spelt)) in _SPELT and all(len(letter) == 1 for letter in spelt):
        return True
    # A compound is another word, unless it is the same one twice: "срочно-срочно".
    return all(_skeleton(part) in _URGENT for part in words[0].split("-"))


def _first_words(message: str) -> list[str]:
    """Its first words, in small letters; what cannot be seen is not there."""
    seen = unicodedata.normalize("NFKC", message[:LOOKED_AT].replace("🆘", " sos "))
    text = "".join(_kept(char) for char in seen.casefold())
    return [word for run in text.split() if (word := run.strip("-"))]


def _kept(char: str) -> str:
    """Letters and digits stay, and hyphens for compounds; marks and the invisible vanish, the rest parts words."""
    kind = unicodedata.category(char)
    if kind[0] in "LN" or char == "-":
        return char
    return "" if kind in {"Mn", "Me", "Cf"} else " "


def _skeleton(word: str) -> str:
    """How a word looks, however long somebody leaned on a key."""
    return "".join(letter for letter, _ in groupby(word.translate(_LOOKALIKES)))


_URGENT = frozenset(map(_skeleton, _WORDS))
_SPELT = frozenset(map(_skeleton, ("sos", "сос")))
