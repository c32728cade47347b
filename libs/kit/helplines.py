"""Helplines: who answers a person in danger when nobody here does. Data with a source and the day it was checked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from pydantic import Field

from libs.kit.schemas import Output

Audience = Literal["everybody", "adult", "child"]
CHECKED: Final = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Helpline:
    """A number to call, as its keepers publish it."""

    country: str
    languages: tuple[str, ...]
    audience: Audience
    name: str
    phones: tuple[str, ...]
    hours: str
    source: str
    verified_at: date


# Whoever changes a line reads its source first and writes that day beside it; after 180 days a test asks for it anew.
HELPLINES: Final = (
    Helpline("UA", ("uk",), "everybody", "Lifeline Ukraine", ("7333",), "24/7", "https://lifelineukraine.com", CHECKED),
    Helpline(
        "BG", ("bg",), "child", "Национална телефонна линия за деца", ("116 111",), "24/7", "https://www.116111.bg",
        CHECKED,
    ),
    Helpline(
        "RU", ("ru",), "child", "Помощь рядом. Детский телефон доверия", ("8 800 2000 122", "124"),
        "24/7 in most regions", "https://pomoschryadom.ru", CHECKED,
    ),
    Helpline(
        "EU", ("en", "bg"), "everybody", "European emergency number", ("112",), "24/7",
        "https://digital-strategy.ec.europa.eu/en/policies/112", CHECKED,
    ),
)  # fmt: skip
UNION: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip


def helplines_for(
    country: str | None, language: str | None = None, *, among: Iterable[Helpline] = HELPLINES
) -> Sequence[Helpline]:
    """The lines of a country, those in this language first; of an unknown country, those where it is spoken.

    Never nothing, and never an adults' line without the children's line beside it: a country's lines come together.
    """
    lines = tuple(among)
    place, spoken = (country or "").upper(), (language or "").lower()
    covered = {place, "EU"} if place in UNION else {place}
    if not any(line.country in covered for line in lines):
        covered = {line.country for line in lines if spoken in line.languages} | {"EU"}
    shown = [line for line in lines if line.country in covered] or lines
    return sorted(shown, key=lambda line: spoken not in line.languages)


class HelplineView(Output):
    """Somebody who answers when it cannot wait."""

    country: str = Field(examples=["BG"], description="ISO 3166, or EU for all of the European Union.")
    languages: list[Literal["uk", "ru", "bg", "en"]] = Field(examples=[["bg"]])
    audience: Audience = Field(examples=["child"])
    name: str = Field(examples=["Национална телефонна линия за деца"])
    phones: list[str] = Field(examples=[["116 111"]], description="As its keepers write it, for calls from there.")
    hours: str = Field(examples=["24/7"])
    source: str = Field(examples=["https://www.116111.bg"], description="Where its keepers say so.")
    verified_at: date = Field(examples=["2026-11-22"], description="When somebody last read it there.")
