"""What goes over HTTP about building figures anew."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, JsonValue
from sqlalchemy import RowMapping

from libs.kit.schemas import Input, Output


class NewBuild(Input):
    """By which policy to build; members that are left out stay as they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"policy": None}, {"policy": {"views_leave": ["spam"]}}]})

    policy: dict[str, JsonValue] | None = Field(default=None, description="What changes in the policy; null: nothing.")
    accept_differences: bool = Field(
        default=False, description="Switch by the same policy, too, if the new figures differ: to repair the live ones."
    )


class BuildBegun(Output):
    """A build that has begun."""

    number: int


class BuildView(Output):
    """One build of the figures."""

    number: int
    policy_version: int
    state: Literal["building", "live", "retired", "failed"]
    done: int | None = Field(description="Records of the log it has heard, of `total`; null once it hears no more.")
    total: int | None
    started_at: datetime
    live_from: datetime | None
    live_until: datetime | None
    outcome: str | None

    @classmethod
    def of(cls, row: RowMapping) -> Self:
        """A row of the builds."""
        ended = row["live_until"] is not None
        if row["live_from"]:
            return cls(state="retired" if ended else "live", **cls._members(row))
        return cls(state="failed" if ended else "building", **cls._members(row))

    @staticmethod
    def _members(row: RowMapping) -> dict[str, Any]:
        return {
            name: row[name]
            for name in (
                "number", "policy_version", "done", "total", "started_at", "live_from", "live_until", "outcome",
            )
        }  # fmt: skip


class Builds(Output):
    """Builds, the newest first."""

    items: list[BuildView]
