"""What goes over HTTP: inputs say no to what they do not know, outputs leave nothing to guess."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

LONGEST_WORDS = 8_000


class Input(BaseModel):
    """What somebody sends: unknown members are refused, and so is what a database cannot keep."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=LONGEST_WORDS)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, sent: Any) -> Any:
        if isinstance(sent, dict) and any("\x00" in value for value in sent.values() if isinstance(value, str)):
            raise ValueError("text must not contain the null character")
        return sent


class Output(BaseModel):
    """What we answer; no member has a default, so that none is forgotten."""

    model_config: ClassVar[ConfigDict] = ConfigDict(from_attributes=True, frozen=True)


def _no_null(value: str) -> str:
    if "\x00" in value:
        raise ValueError("text must not contain the null character")
    return value


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_no_null)]
