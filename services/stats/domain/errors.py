"""What can be wrong with a question about figures."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from libs.kit.errors import Conflict, Invalid, NotFound


class SpecialistUnknown(NotFound):
    """There is no specialist here whose figures you may see."""


class RequestTwice(Invalid):
    """A request is named twice: say once what would be decided about it."""


class PastSupposed(Invalid):
    """A decision is supposed about what is known now: leave `known_at` out."""


class RequestUnknown(Invalid):
    """Not all of these are requests that this specialist took."""

    def __init__(self, unknown: Collection[UUID]) -> None:
        super().__init__()
        self.unknown = sorted(map(str, unknown))

    def extra(self) -> dict[str, Any]:
        """Which ones."""
        return {"unknown": self.unknown}


class BuildUnderWay(Conflict):
    """The figures are being built anew already: wait for that, or cancel it."""


class BuildUnknown(NotFound):
    """There is no build of that number that is still under way."""


class PolicyInvalid(Invalid):
    """No policy can be like this."""


class PolicyUnknown(NotFound):
    """There is no version of the policy with this number."""


class BenchmarkUnknown(NotFound):
    """There is no benchmark with this number."""


class NothingToFit(Conflict):
    """Nothing is counted yet, so there is nothing to compare with."""


class TooManyPoints(Invalid):
    """A trend has at most 62 points: ask for fewer days, or for greater steps."""
