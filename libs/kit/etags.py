"""Versions over HTTP (RFC 9110 section 13): read with an ETag, change only what you have seen."""

from typing import Annotated

from fastapi import Header
from starlette.responses import Response

from libs.kit.errors import DomainError

IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200, description="The ETag you have seen.")]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=200)]


class PreconditionMissing(DomainError):
    """Say with If-Match which version you have seen, so that nobody's change is lost."""

    status = 428


class VersionPassed(DomainError):
    """This has changed since you read it. Read it again, then decide."""

    status = 412


def etag(version: int | str) -> str:
    """A strong tag of one version."""
    return f'"{version}"'


def tag(response: Response, version: int | str) -> None:
    """Say which version this answer shows."""
    response.headers["ETag"] = etag(version)


def require_match(if_match: str | None, version: int | str) -> None:
    """Refuse a change by somebody who has not seen this very version."""
    if if_match is None:
        raise PreconditionMissing
    if not matches(if_match, version):
        raise VersionPassed


def matches(header: str | None, version: int | str) -> bool:
    """Whether a list of tags names this version."""
    return header is not None and (header.strip() == "*" or etag(version) in map(str.strip, header.split(",")))


def not_modified(if_none_match: str | None, version: int | str) -> Response | None:
    """An empty 304 for whoever has this version already."""
    if matches(if_none_match, version):
        return Response(status_code=304, headers={"ETag": etag(version)})
    return None
