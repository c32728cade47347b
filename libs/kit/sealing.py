"""Keeping what must not be read: sealed with a key that the database does not have, and comparable without opening."""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.kit.errors import StartRefused

NONCE = 12
SHORTEST = 32  # characters of a secret, which is hashed into a key


class Unsealable(Exception):
    """This was sealed with a key that is not here, or for another place, or has been tampered with."""


class Sealer:
    """Seals short texts with the first secret and opens what any of them has sealed; the last one tells texts apart.

    Rotating means putting a new secret in front. The fingerprint stays with the oldest, so that what was seen before
    is still recognised.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or any(len(secret) < SHORTEST for secret in secrets):
            raise StartRefused(f"A sealing secret needs at least {SHORTEST} characters.")
        self._keys = {_key_id(secret): AESGCM(_derived(secret, b"seal")) for secret in secrets}
        self._newest = _key_id(secrets[0])
        self._pepper = _derived(secrets[-1], b"fingerprint")

    def seal(self, words: str, *, to: str) -> bytes:
        """The words, readable only by `open` with the same `to`: a row's name, so that nobody can move it."""
        nonce = os.urandom(NONCE)
        return self._newest + nonce + self._keys[self._newest].encrypt(nonce, words.encode(), to.encode())

    def open(self, sealed: bytes, *, to: str) -> str:
        """The words again. Raises Unsealable."""
        key_id, nonce, body = sealed[:4], sealed[4 : 4 + NONCE], sealed[4 + NONCE :]
        try:
            return self._keys[key_id].decrypt(nonce, body, to.encode()).decode()
        except (KeyError, InvalidTag, ValueError):
            raise Unsealable from None

    def fingerprint(self, words: str, *, of: str) -> bytes:
        """32 bytes by which equal words are known to be equal within `of`, and by which nobody can guess them."""
        return hmac.digest(self._pepper, f"{of}\x00{words}".encode(), "sha256")


def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, "sha256")


def _key_id(secret: str) -> bytes:
    return hashlib.sha256(b"id" + secret.encode()).digest()[:4]
