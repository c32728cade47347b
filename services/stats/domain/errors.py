"""What can be wrong with a question about figures."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from libs.kit.errors import Invalid, NotFound


class SpecialistUnknown(NotFound):
    """There is no specialist here whose figures you may see."""


class RequestTwice(Invalid):
    """A request is named twice: say once what would be decided about it."""


class RequestUnknown(Invalid):
    """Not all of these are requests that this specialist took."""

    def __init__(self, unknown: Collection[UUID]) -> None:
        super().__init__()
        self.unknown = sorted(map(str, unknown))

    def extra(self) -> dict[str, Any]:
        """Which ones."""
        return {"unknown": self.unknown}
