"""The development issuer: real discovery, real keys, tokens for a cast of personas; never in production."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.auth import Principal
from libs.kit.errors import StartRefused
from libs.kit.kept import kept
from libs.kit.personas import PERSONAS
from libs.kit.problems import of_status
from libs.kit.settings import PlatformSettings

LASTS = timedelta(hours=12)


class DevIssuer:
    """Vouches for whoever asks, which is why it does not exist in production."""

    def __init__(self, settings: PlatformSettings, personas: Mapping[str, Principal] = PERSONAS) -> None:
        if settings.production:
            raise StartRefused("The development issuer vouches for anybody. In production, set DOVIRA_ISSUER to yours.")
        self.issuer = f"{settings.base_url}/auth"
        self.personas = dict(personas)
        self._audience = settings.audience
        self._key = _kept_key(settings.run_dir / "issuer.json")
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks.json", self._jwks),
                Route("/token", self._token, methods=["POST"]),
                Route("/personas", self._personas),
            ],
            exception_handlers={HTTPException: _problem},
        )

    def client(self) -> httpx.AsyncClient:
        """Asks this issuer over HTTP, but without a socket: the same path as for a foreign one."""
        inside = Starlette(routes=[Mount(httpx.URL(self.issuer).path, self.app)])
        return httpx.AsyncClient(transport=httpx.ASGITransport(inside))

    def token(self, who: Principal, *, lasts: timedelta = LASTS) -> str:
        """A token as the real thing would give."""
        now = clock.now()
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": self._audience, "sub": str(who.id), "client_id": "dovira-dev",
            "tenant": who.tenant, "roles": [who.role, *sorted(who.roles - {who.role})],
            "iat": int(now.timestamp()), "exp": int((now + lasts).timestamp()), "jti": str(uuid7()),
        }  # fmt: skip
        if who.scopes:
            claims["scope"] = " ".join(sorted(who.scopes))
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"])

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks.json",
                "token_endpoint": f"{self.issuer}/token",
                "response_types_supported": ["token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["Ed25519"],
            }
        )

    async def _jwks(self, _: Request) -> Response:
        public = self._key.as_dict(private=False)
        return JSONResponse({"keys": [public | {"kid": self._key.kid, "use": "sig", "alg": "Ed25519"}]})

    async def _personas(self, _: Request) -> Response:
        return JSONResponse(
            {
                name: {"sub": str(who.id), "tenant": who.tenant, "roles": sorted(who.roles)}
                for name, who in self.personas.items()
            }
        )

    async def _token(self, request: Request) -> Response:
        try:
            who = self._asked_for(await request.json())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HTTPException(400) from error
        lasts = int(LASTS.total_seconds())
        return JSONResponse({"access_token": self.token(who), "token_type": "Bearer", "expires_in": lasts})

    def _asked_for(self, body: Any) -> Principal:
        if "persona" in body:
            return self.personas[body["persona"]]
        roles: Sequence[str] = [str(role) for role in body["roles"]]
        return Principal(UUID(body["sub"]), str(body["tenant"]), roles[0], frozenset(roles))


def _kept_key(path: Path) -> OKPKey:
    """The same key after a restart, so that tokens in somebody's clipboard go on working."""

    def make() -> str:
        key = OKPKey.generate_key("Ed25519", auto_kid=True)
        return json.dumps(key.as_dict(private=True) | {"kid": key.kid})

    return OKPKey.import_key(json.loads(kept(path, make)))


async def _problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return of_status(status, request.url.path)
