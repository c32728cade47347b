"""What can go wrong, by meaning. An error's docstring is what its reader sees; how it is rendered is in problems.py."""

import re
from datetime import datetime
from typing import Any, ClassVar


class StartRefused(Exception):
    """Something that a program needs to start is missing; its message is the sentence a person sees."""


class DomainError(Exception):
    """The rules do not allow this."""

    status: ClassVar[int] = 400

    @classmethod
    def code(cls) -> str:
        """The name by which programs know this error."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).lower()

    @classmethod
    def title(cls) -> str:
        """The same for every occurrence: the first line of the docstring."""
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]

    @property
    def detail(self) -> str | None:
        """What is particular to this occurrence, when somebody said it."""
        return str(self) or None

    def extra(self) -> dict[str, Any]:
        """Further members of the problem document."""
        return {}

    def headers(self) -> dict[str, str]:
        """Further headers of the response."""
        return {}


class Invalid(DomainError):
    """The request is well formed, but it cannot be meant."""

    status = 422


class Unauthenticated(DomainError):
    """A valid access token is needed here."""

    status = 401

    def headers(self) -> dict[str, str]:
        """What RFC 6750 asks for."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if self.args else "Bearer"}


class Forbidden(DomainError):
    """This is not yours to do."""

    status = 403


class NotFound(DomainError):
    """There is nothing here that you may see."""

    status = 404


class Conflict(DomainError):
    """The state of things does not allow this now."""

    status = 409


class TooSoon(DomainError):
    """Wait a little."""

    status = 429

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until

    def extra(self) -> dict[str, Any]:
        """When the wait is over."""
        return {"until": self.until}


class Unavailable(DomainError):
    """Something that we need does not answer. Try again shortly."""

    status = 503
    retry_after: ClassVar[int] = 2

    def headers(self) -> dict[str, str]:
        """When to come back."""
        return {"Retry-After": str(self.retry_after)}
