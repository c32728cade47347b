"""Who is asking: OIDC access tokens (RFC 9068), checked against the issuer's published keys."""

import asyncio
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from libs.kit import clock
from libs.kit.errors import Unauthenticated, Unavailable

LEEWAY = 5
_TENANT = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
log = structlog.get_logger()

# RFC 9864 prefers the name Ed25519, which hardly an issuer uses yet; that is no reason to warn at every request.
jws.JWSRegistry.algorithms["EdDSA"].security_warning = None


class TokenRefused(Unauthenticated):
    """This access token is not valid here; get a new one."""


class IssuerAway(Unavailable):
    """Whoever vouches for tokens does not answer just now. Try again shortly."""


@dataclass(frozen=True)
class Principal:
    """Somebody whose token was proved."""

    id: UUID
    tenant: str
    role: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()


class Keys:
    """An issuer's public keys: found through discovery, kept, renewed when an unknown one is named."""

    def __init__(self, issuer: str, client: httpx.AsyncClient, *, keep: float = 600.0, cool_down: float = 10.0) -> None:
        self._issuer = issuer.rstrip("/")
        self._client = client
        self._keep = keep
        self._cool_down = cool_down
        self._keys: dict[str, Key] = {}
        self._tried = float("-inf")
        self._fetched = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def find(self, kid: str) -> Key:
        """The key of this name. An unknown name may ask the issuer again, but not more often than the cool-down."""
        if kid not in self._keys or time.monotonic() - self._fetched > self._keep:
            await self._renew(kid)
        if kid not in self._keys:
            if not self._keys:
                raise IssuerAway
            raise TokenRefused
        return self._keys[kid]

    async def _renew(self, kid: str) -> None:
        async with self._one_at_a_time:
            now = time.monotonic()
            fresh = kid in self._keys and now - self._fetched <= self._keep
            if fresh or now - self._tried < self._cool_down:
                return
            self._tried = now
            try:
                self._keys = await self._fetch()
                self._fetched = now
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                # Old keys are better than nobody getting in: the issuer may be restarting.
                log.warning("issuer.away", error=type(error).__name__)

    async def _fetch(self) -> dict[str, Key]:
        discovery = await self._get(f"{self._issuer}/.well-known/openid-configuration")
        if discovery["issuer"].rstrip("/") != self._issuer:
            raise ValueError("the discovery document speaks for another issuer")
        published = await self._get(discovery["jwks_uri"])
        keys = KeySet.import_key_set({"keys": [key for key in published["keys"] if key.get("use", "sig") == "sig"]})
        return {key.kid: key for key in keys if key.kid}

    async def _get(self, url: str) -> Any:
        response = await self._client.get(url)
        response.raise_for_status()
        return response.json()


class Verifier:
    """Proves tokens; a proved one is remembered by its hash until it expires."""

    def __init__(
        self, keys: Keys, *, issuer: str, audience: str,
        algorithms: Sequence[str] = ("Ed25519", "EdDSA"), roles_claim: str = "roles", remember: int = 10_000,
    ) -> None:  # fmt: skip
        self._keys = keys
        self._algorithms = list(algorithms)
        self._roles_claim = roles_claim.split(".")
        self._remember = remember
        self._known: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()
        self._claims = jwt.JWTClaimsRegistry(
            now=_seconds, leeway=LEEWAY,
            iss={"essential": True, "value": issuer}, aud={"essential": True, "value": audience},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        )  # fmt: skip

    async def verify(self, token: str) -> Principal:
        """Who this token speaks for; TokenRefused without saying what is wrong with it."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._known.get(digest)
        if known is not None and known[1] + LEEWAY > _seconds():
            return known[0]
        try:
            principal, expires = await self._prove(token)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise TokenRefused("") from error
        self._keep(digest, principal, expires)
        return principal

    async def _prove(self, token: str) -> tuple[Principal, int]:
        header = jws.extract_compact(token.encode("ascii")).headers()
        if str(header.get("typ", "")).lower() not in _TYPES or header["alg"] not in self._algorithms:
            raise ValueError("another kind of token")
        key = await self._keys.find(str(header["kid"]))
        claims = jwt.decode(token, key, algorithms=self._algorithms).claims
        self._claims.validate(claims)
        return self._principal(claims), int(claims["exp"])

    def _principal(self, claims: dict[str, Any]) -> Principal:
        roles: Any = claims
        for name in self._roles_claim:
            roles = roles[name]
        if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
            raise ValueError("no roles")
        if not _TENANT.fullmatch(claims["tenant"]):
            raise ValueError("no tenant")
        scopes = frozenset(str(claims.get("scope", "")).split())
        return Principal(UUID(claims["sub"]), claims["tenant"], roles[0], frozenset(roles), scopes)

    def _keep(self, digest: bytes, principal: Principal, expires: int) -> None:
        self._known[digest] = (principal, expires)
        if len(self._known) > self._remember:
            self._known.popitem(last=False)


def _seconds() -> int:
    return int(clock.now().timestamp())
