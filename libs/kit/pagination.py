"""Pages by key, not by number: an opaque signed cursor says where the last page ended."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.responses import Response

from libs.kit.errors import DomainError

LARGEST_PAGE: Final = 100
_MAC = 16
Item = TypeVar("Item")
Row = TypeVar("Row")


class CursorUnknown(DomainError):
    """This cursor is not one of ours, or belongs to another list. Start again without it."""


class Signer:
    """Signs cursors, so that nobody can point one where we would not."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, purpose: str, key: Sequence[Any]) -> str:
        """A cursor for a position in one list."""
        body = json.dumps([_plain(value) for value in key], separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(self._mac(purpose, body) + body).decode().rstrip("=")

    def open(self, purpose: str, cursor: str) -> list[Any]:
        """The position again, or CursorUnknown."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise CursorUnknown from None
        mac, body = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, self._mac(purpose, body)):
            raise CursorUnknown
        return [_typed(value) for value in json.loads(body)]

    def _mac(self, purpose: str, body: bytes) -> bytes:
        return hmac.new(self._secret, purpose.encode() + b"\n" + body, hashlib.sha256).digest()[:_MAC]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next: str | None


class Pager:
    """Where a page begins and how long it may be; `limit + 1` rows tell whether there is another."""

    def __init__(self, connection: HTTPConnection, response: Response, *, limit: int, after: list[Any] | None) -> None:
        self.limit = limit
        self.after = after
        self._connection = connection
        self._response = response

    def page(
        self, rows: Sequence[Row], *, key: Callable[[Row], Sequence[Any]], shape: Callable[[Row], Item]
    ) -> Page[Item]:
        """The answer, from up to `limit + 1` rows in the order of `key`; also sets the Link header."""
        shown, more = rows[: self.limit], len(rows) > self.limit
        cursor = _signer(self._connection).seal(_purpose(self._connection), key(shown[-1])) if more else None
        if cursor:
            url = self._connection.url.include_query_params(cursor=cursor)
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return Page(items=[shape(row) for row in shown], next=cursor)


async def pager(
    connection: HTTPConnection,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")] = None,
) -> Pager:
    """As a dependency."""
    after = _signer(connection).open(_purpose(connection), cursor) if cursor else None
    return Pager(connection, response, limit=limit, after=after)


Paging = Annotated[Pager, Depends(pager)]


def _signer(connection: HTTPConnection) -> Signer:
    signer: Signer = connection.app.state.service.signer
    return signer


def _purpose(connection: HTTPConnection) -> str:
    return connection.url.path


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return {"u": str(value)} if isinstance(value, UUID) else value


def _typed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return datetime.fromisoformat(value["t"]) if "t" in value else UUID(value["u"])
