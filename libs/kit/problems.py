"""Every error as RFC 9457 problem details: what happened, what to do, and nothing of our insides."""

import asyncio
import http
import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy.exc as sa_errors
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from libs.kit import clock
from libs.kit.errors import DomainError, TooSoon, Unavailable
from libs.kit.trace import trace_id

MEDIA_TYPE = "application/problem+json"
HTTP_413 = 413  # Python learns its present name in 3.13.
TITLES = {
    400: "The request could not be read.",
    401: "A valid access token is needed here.",
    404: "There is nothing here.",
    405: "This resource does not take that method.",
    413: "The body is too large.",
    415: "The body must be JSON.",
    422: "Some of what was sent is not as it should be.",
    500: "Something went wrong on our side. It has been noted.",
}
RETRY_AFTER = {
    "description": "In how many seconds to ask again.", "required": True, "schema": {"type": "integer", "minimum": 1},
}  # fmt: skip
# What PostgreSQL says when the fault is not in the request and may pass.
PASSING = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.QueryCanceledError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InvalidAuthorizationSpecificationError,
    sa_errors.TimeoutError,
    ConnectionError,
    FileNotFoundError,
    TimeoutError,
    asyncio.TimeoutError,
)


class FieldError(BaseModel):
    """One part of the request that is not as it should be."""

    pointer: str = Field(examples=["#/body/kind"])
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:dovira:problem:not_found"])
    title: str
    status: int
    code: str = Field(examples=["not_found"], description="For programs: stays the same when the words change.")
    detail: str | None = None
    instance: str | None = None
    trace_id: str | None = None
    errors: list[FieldError] | None = None


class DatabaseAway(Unavailable):
    """The database does not answer just now. Nothing was changed; try again shortly."""


def problem(
    status: int,
    code: str,
    title: str,
    *,
    detail: str | None = None,
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """A problem document as a response."""
    members = {
        "type": f"urn:dovira:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "trace_id": trace_id(),
    }
    body = {name: value for name, value in members.items() if value is not None} | jsonable_encoder(
        extra or {}, custom_encoder={datetime: _moment}
    )
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _moment(at: datetime) -> str:
    """As in every other answer: UTC is Z."""
    return at.isoformat().replace("+00:00", "Z")


def of_domain(error: DomainError, instance: str | None = None) -> Response:
    """A domain error in its own words."""
    headers = error.headers()
    if isinstance(error, TooSoon):
        wait = (error.until - clock.now()).total_seconds()
        headers = {"Retry-After": str(max(1, math.ceil(wait)))} | headers
    return problem(
        error.status, error.code(), error.title(),
        detail=error.detail, instance=instance, headers=headers, extra=error.extra(),
    )  # fmt: skip


def of_status(status: int, instance: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """What the framework says by number alone."""
    phrase = "Content Too Large" if status == HTTP_413 else http.HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(status, code, TITLES.get(status, f"{phrase}."), instance=instance, headers=headers)


def of_validation(errors: Iterable[Mapping[str, Any]], instance: str | None = None) -> Response:
    """Which fields are wrong and why; never their values, which may be words that somebody confided."""
    found = [
        {"pointer": _pointer(error["loc"]), "detail": str(error["msg"])}
        for error in errors
        if error["type"] != "json_invalid"
    ]
    if not found:
        return problem(400, "malformed_json", "The body is not JSON.", instance=instance)
    return problem(422, "invalid_request", TITLES[422], instance=instance, extra={"errors": found[:50]})


def of_failure(error: BaseException, instance: str | None = None) -> Response:
    """The rest: 503 when it may pass by itself, 500 when it is our mistake; either way without its words."""
    if passing(error):
        return of_domain(DatabaseAway(), instance)
    if unstorable(error):
        return problem(422, "invalid_request", TITLES[422], instance=instance, detail="It holds the null character.")
    return of_status(500, instance)


def passing(error: BaseException) -> bool:
    """Whether trying again shortly may help."""
    if isinstance(error, sa_errors.DBAPIError):
        cause = getattr(error.orig, "__cause__", None)
        return error.connection_invalidated or isinstance(cause, PASSING)
    return isinstance(error, PASSING)


def unstorable(error: BaseException) -> bool:
    """Whether text came as far as PostgreSQL that PostgreSQL cannot keep."""
    cause = getattr(getattr(error, "orig", None), "__cause__", error)
    return isinstance(cause, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError)


def documented(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """What a route may refuse with, for its `responses=`."""
    found: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = found.setdefault(error.status, _documentation(error.status))
        entry["description"] = f"{entry['description']} {error.title()}".strip()
        entry["content"][MEDIA_TYPE]["examples"][error.code()] = {"value": _example(error)}
    return found


def any_4xx() -> dict[str, Any]:
    """The response that every operation may give, in OpenAPI's words."""
    return {"description": "What was asked cannot be done; the body says why.", "content": _content()}


def render_problems(app: FastAPI) -> None:
    """Let this application answer every error as a problem."""

    async def domain(request: Request, error: Exception) -> Response:
        return of_domain(error, request.url.path) if isinstance(error, DomainError) else of_failure(error)

    async def framework(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            return of_failure(error)
        return of_status(error.status_code, request.url.path, error.headers)

    async def validation(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else []
        return of_validation(errors, request.url.path)

    app.add_exception_handler(DomainError, domain)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, validation)


def _pointer(location: Iterable[str | int]) -> str:
    return "#/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _documentation(status: int) -> dict[str, Any]:
    said = {"description": "", "content": _content() | {MEDIA_TYPE: _content()[MEDIA_TYPE] | {"examples": {}}}}
    return said | {"headers": {"Retry-After": RETRY_AFTER}} if status == TooSoon.status else said


def _content() -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _example(error: type[DomainError]) -> dict[str, Any]:
    return {
        "type": f"urn:dovira:problem:{error.code()}", "title": error.title(),
        "status": error.status, "code": error.code(),
    }  # fmt: skip
