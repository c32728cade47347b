"""Templates over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from libs.events.intake import Locale
from libs.kit.schemas import Input, Output
from services.chat.domain.templates import LONGEST_TEXT, LONGEST_VALUE, VARIABLES, TemplatePurpose
from services.chat.schemas.examples import MOMENT

_TEXT = "Hello! My name is {name}, I am {role}. What shall I call you?"
_KNOWN = "; ".join(f"`{{{name}}}` {meaning}" for name, meaning in VARIABLES.items())
Value = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_VALUE)]


class NewTemplate(Input):
    """A text of the house's own, whole."""

    purpose: TemplatePurpose = Field(examples=["greeting"])
    locale: Locale = Field(examples=["en"])
    text: str = Field(min_length=1, max_length=LONGEST_TEXT, examples=[_TEXT], description=f"Variables: {_KNOWN}.")


class TemplateView(Output):
    """A text for a purpose in a language."""

    id: UUID = Field(examples=["0e9f3a52-6a4a-5c1b-8d5e-2f0a9c7b1d34"], description="Of this text; it never changes.")
    purpose: TemplatePurpose = Field(examples=["greeting"])
    locale: Locale = Field(examples=["en"])
    version: int = Field(examples=[0], description="0 came with us; the others are the house's own.")
    text: str = Field(examples=[_TEXT])
    asked: list[str] = Field(examples=[["name", "role"]], description="The variables that whoever uses it fills in.")
    at: datetime | None = Field(examples=[MOMENT], description="Since when; null for what came with us.")


class NewRendering(Input):
    """What to fill in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"variables": {"name": "Anna", "role": "a psychologist"}}]}
    )

    variables: dict[Annotated[str, StringConstraints(max_length=16)], Value] = Field(max_length=len(VARIABLES))


class RenderingView(Output):
    """The text, filled in. It is kept nowhere; to send it, send a message."""

    text: str = Field(examples=["Hello! My name is Anna, I am a psychologist. What shall I call you?"])
