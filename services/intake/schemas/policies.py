"""The house rules over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from libs.kit.schemas import Input, Output
from services.intake.schemas.examples import ID, MOMENT


class ClauseView(Output):
    """One number of the house rules."""

    name: str = Field(examples=["race.day_cooldown"])
    value: Any = Field(examples=["PT20M"], description="Durations as in ISO 8601.")
    rule: str = Field(examples=["B5"], description="The rule it comes from.")
    meaning: str = Field(examples=["So long a specialist waits after an accept by day."])
    changed: bool = Field(description="Whether this house has a number of its own.")


class PolicyView(Output):
    """The house rules as they bind now."""

    version: int = Field(examples=[3], description="0 where nothing was ever changed.")
    clauses: list[ClauseView]


class NewPolicy(Input):
    """What differs from the defaults, whole: what is left out is as the defaults say."""

    changes: dict[str, dict[str, Any]] = Field(
        max_length=16, examples=[{"race": {"zone": "Europe/Kyiv", "day_cooldown": "PT15M"}}]
    )


class PolicyVersionView(Output):
    """One version of the house rules."""

    version: int = Field(examples=[3])
    changes: dict[str, dict[str, Any]] = Field(examples=[{"race": {"zone": "Europe/Kyiv"}}])
    by: UUID = Field(examples=[ID])
    at: datetime = Field(examples=[MOMENT])
