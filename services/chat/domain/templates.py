"""Texts that people need not think of anew: what they are for, and how their variables are filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from unicodedata import category
from uuid import UUID

from libs.events.intake import Locale
from libs.kit.errors import Invalid, NotFound
from services.chat.domain.rules import ConsultationRules

TemplatePurpose = Literal[
    "greeting", "what_happened", "minutes", "messenger", "phone_script", "farewell", "minor", "review_solve",
    "review_thank",
]  # fmt: skip
LONGEST_TEXT: Final = 2000
LONGEST_VALUE: Final = 120
LONGEST_RENDERING: Final = 4000  # what a message holds
VARIABLE = re.compile(r"\{([a-z]{1,16})\}")
_ESCAPED = re.compile(r"\\\{([a-z]{1,16})\\\}")
# What a text may hold beside what can be seen, and nothing that turns the reading direction round.
_LINE_ENDS, _JOINERS = frozenset("\n"), frozenset("\u200c\u200d")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
VARIABLES: Final[Mapping[str, str]] = MappingProxyType({
    "name": "who writes",
    "role": "what they are, such as a psychologist",
    "client": "how the other one wants to be called",
    "minutes": "how long the free consultation lasts; filled in by the house",
    "messenger": "where the talk could go on",
    "helpline": "the children's helpline of the country: name, address, number",
})  # fmt: skip
HOUSE: Final = frozenset({"minutes"})
MINUTE: Final = timedelta(minutes=1)


class Needs(NamedTuple):
    """Variables that a text for this purpose must have, and those that it may have beside."""

    must: frozenset[str]
    may: frozenset[str] = frozenset()


_CLIENT = frozenset({"client"})
# A farewell has no variable in which a reason could go: it is brief, and without detail that harms (R11).
NEEDS: Final[Mapping[TemplatePurpose, Needs]] = MappingProxyType({
    "greeting": Needs(frozenset({"name", "role"})),
    "what_happened": Needs(frozenset(), _CLIENT),
    "minutes": Needs(frozenset({"minutes"}), _CLIENT),
    "messenger": Needs(frozenset({"messenger"}), _CLIENT),
    "phone_script": Needs(frozenset({"name", "role", "minutes"}), _CLIENT),
    "farewell": Needs(frozenset(), frozenset({"client", "name"})),
    "minor": Needs(frozenset({"name", "helpline"}), frozenset({"client", "role"})),
    # Formed without anybody's help (P5), so nothing is asked but who writes.
    "review_solve": Needs(frozenset({"name"})),
    "review_thank": Needs(frozenset({"name"})),
})  # fmt: skip


class TemplateUnknown(NotFound):
    """There is no such template here."""


class TemplateMalformed(Invalid):
    """Variables stand in braces, such as {name}; a text has those that its purpose needs, and no other braces."""


class VariablesMismatch(Invalid):
    """Each variable of a template gets one value: a short line of visible characters."""


class OtherWords(Invalid):
    """These are not the words of this template. Send them as they are, or words of your own without naming one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A text for a purpose in a language; version 0 came with us, the others are the house's own."""

    id: UUID
    purpose: TemplatePurpose
    locale: Locale
    version: int
    text: str
    at: datetime | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """What is to be filled in, in the order of the text."""
        return tuple(dict.fromkeys(VARIABLE.findall(self.text)))

    @property
    def asked(self) -> tuple[str, ...]:
        """The same without what the house fills in."""
        return tuple(name for name in self.variables if name not in HOUSE)


def checked(purpose: TemplatePurpose, text: str) -> str:
    """A text as it may be kept; TemplateMalformed if it has other variables than its purpose, or could not be read."""
    found, needs = set(VARIABLE.findall(text)), NEEDS[purpose]
    if not text.strip() or len(text) > LONGEST_TEXT or not _visible(text, beside=_LINE_ENDS | _JOINERS):
        raise TemplateMalformed(f"A text has 1 to {LONGEST_TEXT} visible characters.")
    if any(brace in VARIABLE.sub("", text) for brace in "{}"):
        raise TemplateMalformed
    if unknown := found - needs.must - needs.may:
        raise TemplateMalformed(f"A text for {purpose} has no {_listed(unknown)}.")
    if missing := needs.must - found:
        raise TemplateMalformed(f"A text for {purpose} needs {_listed(missing)}.")
    return text


def rendered(template: Template, given: Mapping[str, str], *, house: Mapping[str, str]) -> str:
    """The text with its variables filled in; a value is put in as it is, and never looked into for more variables."""
    asked = set(template.asked)
    if given.keys() - asked:
        raise VariablesMismatch(f"This template asks for {_listed(asked) or 'nothing'}.")
    if missing := asked - given.keys():
        raise VariablesMismatch(f"There is no value for {_listed(missing)}.")
    if improper := {name for name, value in given.items() if not _proper(value)}:
        raise VariablesMismatch(f"This is no short visible line: {_listed(improper)}.")
    values = {name: value.strip() for name, value in given.items()} | {
        name: house[name] for name in HOUSE & set(template.variables)
    }
    text = VARIABLE.sub(lambda found: values[found[1]], template.text)
    if len(text) > LONGEST_RENDERING:
        raise VariablesMismatch(f"The text would have more than {LONGEST_RENDERING} characters.")
    return text


def fits(template: Template, text: str) -> bool:
    """Whether a text is this template's, with its variables filled in, and nothing beside.

    A farewell has two variables at most; with many, one after the other, this would take long.
    """
    begun = set[str]()

    def value(found: re.Match[str]) -> str:
        name, again = found[1], found[1] in begun
        begun.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>[^\\n]{{1,{LONGEST_VALUE}}})"

    # Escaping leaves braces with a backslash each; a variable that comes again has the same value.
    pattern = _ESCAPED.sub(value, re.escape(template.text))
    return re.fullmatch(pattern, text) is not None


def house(rules: ConsultationRules) -> dict[str, str]:
    """What the house fills in by itself."""
    return {"minutes": str(round(rules.length / MINUTE))}


def _proper(value: str) -> bool:
    return bool(value.strip()) and len(value) <= LONGEST_VALUE and _visible(value, beside=_JOINERS)


def _visible(text: str, *, beside: frozenset[str]) -> bool:
    return all(sign in beside or category(sign) not in _UNSEEN for sign in text) and bool(text.strip("\u200c\u200d "))


def _listed(names: set[str] | frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
