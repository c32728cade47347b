"""Keeping what must not be read: sealed with a key that the database does not have, and comparable without opening."""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.kit.errors import StartRefused

NONCE = 12
KEY_ID = 4
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
        self._stamps = {_key_id(secret): _derived(secret, b"stamp") for secret in secrets}

    def seal(self, words: str, *, to: str) -> bytes:
        """The words, readable only by `open` with the same `to`: a row's name, so that nobody can move it."""
        return self._newest + encrypted(self._keys[self._newest], words.encode(), to=to.encode())

    def open(self, sealed: bytes, *, to: str) -> str:
        """The words again. Raises Unsealable."""
        try:
            return decrypted(self._keys[sealed[:KEY_ID]], sealed[KEY_ID:], to=to.encode()).decode()
        except (KeyError, ValueError):
            raise Unsealable from None

    def newest(self, sealed: bytes) -> bool:
        """Whether the first secret sealed this; if not, it can be sealed anew."""
        return sealed[:KEY_ID] == self._newest

    def stamp(self, words: bytes, *, of: str) -> bytes:
        """36 bytes by which we, and nobody else, know again that we have seen these words in this role."""
        return self._newest + _stamped(self._stamps[self._newest], words, of)

    def stamped(self, stamp: bytes, words: bytes, *, of: str) -> bool:
        """Whether any of the secrets has stamped these words so."""
        secret = self._stamps.get(stamp[:KEY_ID])
        return secret is not None and hmac.compare_digest(stamp[KEY_ID:], _stamped(secret, words, of))

    def fingerprint(self, words: str, *, of: str) -> bytes:
        """32 bytes by which equal words are known to be equal within `of`, and by which nobody can guess them."""
        return hmac.digest(self._pepper, f"{of}\x00{words}".encode(), "sha256")


def encrypted(key: AESGCM, words: bytes, *, to: bytes) -> bytes:
    """Nonce and ciphertext, which `decrypted` opens with the same key and the same `to` only."""
    nonce = os.urandom(NONCE)
    return nonce + key.encrypt(nonce, words, to)


def decrypted(key: AESGCM, sealed: bytes, *, to: bytes) -> bytes:
    """The words again. Raises Unsealable."""
    try:
        return key.decrypt(sealed[:NONCE], sealed[NONCE:], to)
    except (InvalidTag, ValueError):
        raise Unsealable from None


def _stamped(secret: bytes, words: bytes, of: str) -> bytes:
    return hmac.digest(secret, f"{of}\x00".encode() + words, "sha256")


def _derived(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, "sha256")


def _key_id(secret: str) -> bytes:
    return hashlib.sha256(b"id" + secret.encode()).digest()[:KEY_ID]
