"""A request that may come twice takes effect once: its answer is kept in the transaction of its effect.

A route asks for it with `dependencies=[Idempotent]` and has a `Transaction`. Kept are the
answers that were given, for two days; a refusal that was raised changed nothing, so the next attempt is a new one.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import Depends, Header
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from libs.kit.auth import Principal
from libs.kit.errors import Conflict, DomainError, Invalid, Unauthenticated

KEPT_FOR: Final = timedelta(days=2)
_CLAIM = "dovira.idempotency"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_HEADERS = ("content-type", "location", "etag")
# The lock says at once whether the first call is still running; the primary key has the last word.
_BEGIN = (
    "SELECT l.mine, i.fingerprint, i.status, i.headers, i.body "
    "FROM (SELECT pg_try_advisory_xact_lock(hashtextextended("
    "concat_ws(' ', $1::text, $2::uuid, $3::text, $4::text), 0)) AS mine) l LEFT JOIN idempotency i "
    "ON i.tenant = $1::text AND i.principal = $2::uuid AND i.operation = $3::text AND i.key = $4::text"
)
_KEEP = (
    "INSERT INTO idempotency (tenant, principal, operation, key, fingerprint, status, headers, body) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING true"
)
# Whoever sweeps waits for nobody: what somebody holds is taken by the next round.
FORGET = (
    "DELETE FROM idempotency WHERE ctid = ANY(ARRAY("
    "SELECT ctid FROM idempotency WHERE at < clock_timestamp() - $1::interval FOR UPDATE SKIP LOCKED))"
)


class IdempotencyKeyMissing(DomainError):
    """This operation needs an Idempotency-Key header: 1 to 255 visible ASCII characters, a new one per intention."""


class IdempotencyKeyReused(Invalid):
    """This Idempotency-Key was already used for another request."""


class StillRunning(Conflict):
    """The first request with this Idempotency-Key is still running. Ask again shortly."""

    def headers(self) -> dict[str, str]:
        """When to ask again."""
        return {"Retry-After": "1"}


class Replayed(Exception):
    """This was asked and answered before."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True)
class Claim:
    """Who asked for what under which key, and the transaction in which it happens."""

    tx: AsyncSession
    name: tuple[Any, ...]
    fingerprint: bytes


async def idempotency_key(
    key: Annotated[str | None, Header(alias="Idempotency-Key", description="A new one per intention.")] = None,
) -> None:
    """Marks a route as one whose requests may come twice, and tells OpenAPI."""
    del key


Idempotent: Final = Depends(idempotency_key)


async def begin(connection: HTTPConnection, tx: AsyncSession, principal: Principal | None) -> None:
    """At the start of a transaction: raise the kept answer, or claim the key until the end of it."""
    route = connection.scope.get("route")
    if not isinstance(connection, Request) or not getattr(route, "idempotent", False):
        return
    if principal is None:
        raise Unauthenticated
    key = connection.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyMissing
    claim = Claim(tx, (principal.tenant, principal.id, getattr(route, "name", ""), key), await _fingerprint(connection))
    known = await _row(tx, _BEGIN, *claim.name)
    if known is None or not known[0]:
        raise StillRunning
    if known[1] is not None:
        _replay(claim, known)
    connection.scope[_CLAIM] = claim


async def keep(request: Request, response: Response) -> None:
    """At its end: keep the answer beside the effect."""
    claim: Claim | None = request.scope.get(_CLAIM)
    if claim is None:
        raise TypeError("an idempotent route needs a Transaction")
    headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
    answer = (response.status_code, json.dumps(headers), bytes(response.body))
    if await _row(claim.tx, _KEEP, *claim.name, claim.fingerprint, *answer) is None:
        raise StillRunning


def _replay(claim: Claim, known: Any) -> None:
    _, fingerprint, status, headers, body = known
    if fingerprint != claim.fingerprint:
        raise IdempotencyKeyReused
    raise Replayed(Response(body, status_code=status, headers=json.loads(headers) | {"Idempotency-Replayed": "true"}))


async def _fingerprint(request: Request) -> bytes:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + await request.body()).digest()


async def _row(tx: AsyncSession, statement: str, *values: Any) -> Any:
    return (await (await tx.connection()).exec_driver_sql(statement, values)).one_or_none()
