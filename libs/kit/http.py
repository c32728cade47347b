"""What endpoints ask for by type: who calls, a transaction, the moment. A route without a policy does not import."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Final, Protocol, TypeVar, cast

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from libs.bus.outbox import nudge
from libs.kit import clock
from libs.kit.auth import Principal, Verifier
from libs.kit.errors import Forbidden, Unauthenticated
from libs.kit.idempotency import Replayed, begin, idempotency_key, keep
from libs.kit.settings import PlatformSettings, ServiceSettings
from libs.kit.sql import NO_TENANT, Database, FastConnection

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Configured = TypeVar("Configured", bound=ServiceSettings)
PRINCIPAL: Final = "dovira.principal"


class Host(Protocol):
    """The running service, as an endpoint sees it."""

    database: Database
    verifier: Verifier
    platform: PlatformSettings
    settings: ServiceSettings
    closing: asyncio.Event


def host(connection: HTTPConnection) -> Host:
    """The service that this request came to."""
    return cast("Host", connection.app.state.service)


def settings_of(connection: HTTPConnection, kind: type[Configured]) -> Configured:
    """The settings of the service that this request came to."""
    settings = host(connection).settings
    if not isinstance(settings, kind):
        raise TypeError(f"this service has no {kind.__name__}")
    return settings


class RoleMissing(Forbidden):
    """Your role does not let you do this."""


class Policy:
    """Who may call a route; as a dependency it proves that the caller is one of them."""

    def __init__(self, *roles: str, public: bool = False) -> None:
        self.roles = frozenset(roles)
        self.public = public

    async def __call__(self, connection: HTTPConnection) -> Principal:
        """The proved caller, in the role that let them in."""
        principal = await identified(connection)
        allowed = principal.roles & self.roles if self.roles else principal.roles
        if not allowed:
            raise RoleMissing
        if principal.role in allowed:
            return principal
        return replace(principal, role=min(allowed))

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The same in OpenAPI's words."""
        return [] if self.public else [{"token": sorted(self.roles)}]


def roles(*names: str) -> Policy:
    """Whoever has one of these roles: `Annotated[Principal, Depends(roles("client", "specialist"))]`."""
    return Policy(*names)


async def identified(connection: HTTPConnection) -> Principal:
    """Whose token this request carries; proved once per request."""
    known: Principal | None = connection.scope.get(PRINCIPAL)
    if known is None:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        known = connection.scope[PRINCIPAL] = await host(connection).verifier.verify(token.strip())
    return known


PUBLIC: Final = Policy(public=True)
STAFF: Final = ("support", "supervisor", "clinician", "analyst")

Caller = Annotated[Principal, Depends(Policy())]
Client = Annotated[Principal, Depends(Policy("client"))]
Specialist = Annotated[Principal, Depends(Policy("specialist"))]
Party = Annotated[Principal, Depends(Policy("client", "specialist"))]
Support = Annotated[Principal, Depends(Policy("support", "supervisor"))]
Supervisor = Annotated[Principal, Depends(Policy("supervisor"))]
Staff = Annotated[Principal, Depends(Policy(*STAFF))]
Ops = Annotated[Principal, Depends(Policy("ops"))]


async def transaction(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """One request is one transaction in its caller's tenant, committed before the caller hears back."""
    async with host(connection).database.session(_tenant(connection)) as tx:
        await begin(connection, tx, connection.scope.get(PRINCIPAL))
        yield tx


async def autocommit(connection: HTTPConnection) -> AsyncIterator[FastConnection]:
    """A bare connection in the caller's tenant, for hot statements; each is committed when it returns."""
    database = host(connection).database
    async with database.autocommit(_tenant(connection)) as statements:
        yield statements
    nudge(database.engine)


async def snapshot(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    """Everything as of one moment, and nothing can be changed."""
    async with host(connection).database.session(_tenant(connection), read_only=True) as tx:
        yield tx


async def moment() -> datetime:
    """The moment of the request."""
    return clock.now()


# scope="function" makes the commit come first; by default a failed commit would look like a success.
Transaction = Annotated[AsyncSession, Depends(transaction, scope="function")]
Autocommit = Annotated[FastConnection, Depends(autocommit, scope="function")]
Snapshot = Annotated[AsyncSession, Depends(snapshot, scope="function")]
Now = Annotated[datetime, Depends(moment)]


def _tenant(connection: HTTPConnection) -> str:
    """Whose rows a request may see; a public route's caller sees nobody's."""
    principal: Principal | None = connection.scope.get(PRINCIPAL)
    return principal.tenant if principal else NO_TENANT


class KitRoute(APIRoute):
    """A route that can keep its answer for whoever asks again with the same key."""

    @cached_property
    def idempotent(self) -> bool:
        """Whether a request to this route may come twice."""
        return any(needed.call is idempotency_key for needed in _needs(self.dependant))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, inside the request's transaction."""
        handle = super().get_route_handler()
        if not self.idempotent:
            return handle

        async def once(request: Request) -> Response:
            try:
                response = await handle(request)
            except Replayed as known:
                return known.response
            await keep(request, response)
            return response

        return once


class Router(APIRouter):
    """Routes with declared policies; the function's name is the operation's id."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("route_class", KitRoute)
        options.setdefault("generate_unique_id_function", lambda route: route.name)
        super().__init__(**options)

    def add_api_route(
        self, path: str, endpoint: Callable[..., Any], *, policy: Policy | None = None, **options: Any
    ) -> None:
        """Enter a route; refuses one that does not say who may call it."""
        policy = policy or _declared(path, endpoint)
        options["openapi_extra"] = {"security": policy.security} | (options.get("openapi_extra") or {})
        if not policy.public:
            # First of all dependencies, so that a stranger learns nothing about what is wrong with the request.
            options["dependencies"] = [Depends(policy), *(options.get("dependencies") or ())]
        super().add_api_route(path, endpoint, **options)

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], name: str | None = None,
        *, dependencies: Sequence[Any] | None = None, policy: Policy | None = None,
    ) -> None:  # fmt: skip
        """Enter a WebSocket; refuses one that does not say who may open it."""
        policy = policy or _declared(path, endpoint)
        first = () if policy.public else (Depends(policy),)
        super().add_api_websocket_route(path, endpoint, name, dependencies=[*first, *(dependencies or ())])

    def get(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A read."""
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A new thing."""
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A thing as it shall be."""
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A thing in part."""
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A thing no more."""
        return self._declare("DELETE", path, options)

    def websocket(self, path: str, name: str | None = None, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """A two-way stream."""

        def enter(endpoint: Endpoint) -> Endpoint:
            self.add_api_websocket_route(path, endpoint, name, **options)
            return endpoint

        return enter

    def _declare(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Endpoint], Endpoint]:
        def enter(endpoint: Endpoint) -> Endpoint:
            self.add_api_route(path, endpoint, methods=[method], **options)
            return endpoint

        return enter


def _declared(path: str, endpoint: Callable[..., Any]) -> Policy:
    found = {need.call for need in _needs(get_dependant(path=path, call=endpoint)) if isinstance(need.call, Policy)}
    if len(found) != 1:
        said = "declares no policy" if not found else "declares several policies"
        raise TypeError(
            f"{endpoint.__module__}.{endpoint.__name__} {said}: take one caller by type, or say policy=PUBLIC."
        )
    return found.pop()


def _needs(dependant: Dependant) -> Iterator[Dependant]:
    for needed in dependant.dependencies:
        yield needed
        yield from _needs(needed)
