"""Tokens: whoever forges one, in whatever way, stays outside."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from libs.kit import clock
from libs.kit.auth import IssuerAway, Keys, Principal, TokenRefused, Verifier
from libs.kit.errors import StartRefused
from libs.kit.issuer import DevIssuer
from libs.kit.settings import PlatformSettings
from tests.people import ANNA

ISSUER = "https://id.example"


class Issuer:
    """A foreign issuer under the test's control."""

    def __init__(self, *keys) -> None:
        self.keys = list(keys)
        self.asked = 0
        self.down = False
        self.name = ISSUER
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(
                Starlette(
                    routes=[Route("/.well-known/openid-configuration", self.discovery), Route("/keys", self.jwks)]
                )
            )
        )

    async def discovery(self, _):
        self.asked += 1
        return JSONResponse({"issuer": self.name, "jwks_uri": f"{ISSUER}/keys"}, status_code=503 if self.down else 200)

    async def jwks(self, _):
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    def verifier(self, **options):
        keys = Keys(ISSUER, self.client, cool_down=options.pop("cool_down", 10))
        return Verifier(keys, issuer=ISSUER, audience="dovira", **options)


def key(kid: str = "one") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def claims(**changed):
    now = int(clock.now().timestamp())
    whole = {
        "iss": ISSUER, "aud": "dovira", "sub": str(ANNA.id), "tenant": "therapy", "roles": ["specialist"],
        "iat": now, "exp": now + 60,
    }  # fmt: skip
    return {name: value for name, value in (whole | changed).items() if value is not None}


def signed(by, *, alg="Ed25519", typ="at+jwt", kid="one", **changed):
    header = {"alg": alg, "kid": kid} | ({"typ": typ} if typ else {})
    return jwt.encode(header, claims(**changed), by, algorithms=[alg], default_type=None)


def handmade(header, body, sign):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = part(header) + b"." + part(body)
    return (head + b"." + base64.urlsafe_b64encode(sign(head)).rstrip(b"=")).decode()


@pytest.fixture
def ours():
    return key()


@pytest.mark.parametrize("alg", ["Ed25519", "EdDSA"])
async def test_a_true_token_lets_in(ours, alg):
    who = await Issuer(ours).verifier().verify(signed(ours, alg=alg))
    assert who == Principal(ANNA.id, "therapy", "specialist", frozenset({"specialist"}))
    assert isinstance(who.id, UUID)


NOW = int(clock.now().timestamp())
FORGED = {
    "no audience": {"aud": None},
    "another audience": {"aud": "elsewhere"},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"iat": NOW - 3600, "exp": NOW - 60},
    "never expiring": {"exp": None},
    "no time of issue": {"iat": None},
    "issued tomorrow": {"iat": NOW + 86400, "exp": NOW + 90000},
    "not yet valid": {"nbf": NOW + 3600},
    "no subject": {"sub": None},
    "a subject that is no id": {"sub": "anna"},
    "no roles": {"roles": None},
    "empty roles": {"roles": []},
    "roles that are no list": {"roles": "specialist"},
    "no tenant": {"tenant": None},
    "every tenant": {"tenant": "*"},
    "a tenant with a quote": {"tenant": "therapy'; --"},
    "an id token": {"typ": "JWT"},
    "no type": {"typ": None},
    "an unknown key": {"kid": "two"},
}


@pytest.mark.parametrize("changed", FORGED.values(), ids=FORGED)
async def test_a_token_that_is_not_for_us_does_not(ours, changed):
    with pytest.raises(TokenRefused):
        await Issuer(ours).verifier().verify(signed(ours, **changed))


async def test_nor_one_that_somebody_else_signed(ours):
    with pytest.raises(TokenRefused):
        await Issuer(ours).verifier().verify(signed(key()))


@pytest.mark.parametrize("alg", ["none", "HS256"])
async def test_nor_one_that_is_signed_with_what_everybody_knows(ours, alg):
    public = ours.as_pem(private=False)

    def sign(head: bytes) -> bytes:
        return b"" if alg == "none" else hmac.new(public, head, hashlib.sha256).digest()

    token = handmade({"alg": alg, "typ": "at+jwt", "kid": "one"}, claims(), sign)
    with pytest.raises(TokenRefused):
        await Issuer(ours).verifier().verify(token)


async def test_nor_one_by_an_algorithm_that_was_not_chosen():
    rsa = RSAKey.generate_key(2048, {"kid": "one"})
    issuer = Issuer(rsa)
    token = signed(rsa, alg="RS256")
    with pytest.raises(TokenRefused):
        await issuer.verifier().verify(token)
    assert (await issuer.verifier(algorithms=["RS256"]).verify(token)).id == ANNA.id


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ä.ö.ü", "e30.e30.e30", "\ud800", "a" * 100_000])
async def test_nor_what_is_no_token_at_all(ours, token):
    with pytest.raises(TokenRefused):
        await Issuer(ours).verifier().verify(token)


async def test_a_token_that_was_changed_after_signing_does_not(ours):
    head, body, signature = signed(ours).split(".")
    changed = base64.urlsafe_b64encode(json.dumps(claims(roles=["support"])).encode()).rstrip(b"=").decode()
    verifier = Issuer(ours).verifier()
    with pytest.raises(TokenRefused):
        await verifier.verify(f"{head}.{changed}.{signature}")
    await verifier.verify(f"{head}.{body}.{signature}")


async def test_a_remembered_token_is_forgotten_when_it_expires(ours):
    verifier = Issuer(ours).verifier()
    token = signed(ours)
    assert await verifier.verify(token) is await verifier.verify(token)
    with clock.at(clock.now() + timedelta(minutes=2)), pytest.raises(TokenRefused):
        await verifier.verify(token)


async def test_memory_for_tokens_is_bounded(ours):
    verifier = Issuer(ours).verifier(remember=2)
    for number in range(5):
        await verifier.verify(signed(ours, jti=str(number)))
    assert len(verifier._known) == 2


async def test_a_new_key_is_found_when_it_is_named(ours):
    issuer = Issuer(ours)
    verifier = issuer.verifier(cool_down=0)
    await verifier.verify(signed(ours))
    new = key("two")
    issuer.keys.append(new)
    await verifier.verify(signed(new, kid="two"))
    assert issuer.asked == 2


async def test_made_up_keys_do_not_make_us_ask_again_and_again(ours):
    issuer = Issuer(ours)
    verifier = issuer.verifier()
    await verifier.verify(signed(ours))
    for number in range(20):
        with pytest.raises(TokenRefused):
            await verifier.verify(signed(ours, kid=str(number)))
    assert issuer.asked == 1


async def test_old_keys_serve_while_the_issuer_is_away(ours):
    issuer = Issuer(ours)
    keys = Keys(ISSUER, issuer.client, keep=0, cool_down=0)
    verifier = Verifier(keys, issuer=ISSUER, audience="dovira")
    await verifier.verify(signed(ours))
    issuer.down = True
    await verifier.verify(signed(ours, jti="another"))
    assert issuer.asked == 2


async def test_without_any_keys_it_is_the_issuer_who_is_away(ours):
    issuer = Issuer(ours)
    issuer.down = True
    with pytest.raises(IssuerAway):
        await issuer.verifier().verify(signed(ours))


async def test_a_discovery_document_that_speaks_for_another_is_not_believed(ours):
    issuer = Issuer(ours)
    issuer.name = "https://evil.example"
    with pytest.raises(IssuerAway):
        await issuer.verifier().verify(signed(ours))


async def test_roles_are_found_where_keycloak_puts_them(ours):
    verifier = Issuer(ours).verifier(roles_claim="realm_access.roles")
    who = await verifier.verify(signed(ours, roles=None, realm_access={"roles": ["support", "clinician"]}))
    assert who.roles == {"support", "clinician"}


async def test_the_development_issuer_keeps_its_key_to_itself_and_over_a_restart(tmp_path):
    settings = PlatformSettings(env="development", run_dir=tmp_path)
    first, second = DevIssuer(settings), DevIssuer(settings)
    async with second.client() as client:
        verifier = Verifier(Keys(second.issuer, client), issuer=second.issuer, audience="dovira")
        assert (await verifier.verify(first.token(ANNA))).id == ANNA.id
        published = await client.get(f"{second.issuer}/jwks.json")
        assert "d" not in published.json()["keys"][0]
        answer = await client.post(f"{second.issuer}/token", json={"persona": "anna"})
        assert (await verifier.verify(answer.json()["access_token"])).id == ANNA.id
        assert (await client.post(f"{second.issuer}/token", json={"persona": "nobody"})).status_code == 400
    assert (tmp_path / "issuer.json").stat().st_mode & 0o777 == 0o600


def test_production_has_no_development_issuer(tmp_path):
    with pytest.raises(StartRefused, match="DOVIRA_ISSUER"):
        DevIssuer(PlatformSettings(env="production", run_dir=tmp_path))
    assert not list(tmp_path.iterdir())
