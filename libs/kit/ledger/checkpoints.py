"""Checkpoints: our signature, at a moment, on how far chains had come."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from libs.kit.ledger import tree
from libs.kit.ledger.chain import Broken, Head

FIRST: Final = bytes(32)  # what the first checkpoint follows
_CHECKPOINT: Final = b"dovira checkpoint/v1\x00"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Keys = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is signed: a tree over the heads of all chains that have grown since the checkpoint before."""

    log: str
    number: int
    at: datetime
    root: bytes
    size: int
    previous: bytes
    key: str
    signature: bytes = b""

    @property
    def signed(self) -> bytes:
        """The bytes that the signature is on."""
        moment = (self.at - _EPOCH) // timedelta(microseconds=1)
        names = (each.encode() for each in (self.log, self.key))
        return b"".join(
            (
                _CHECKPOINT, *(len(name).to_bytes(2, "big") + name for name in names),
                *(number.to_bytes(8, "big") for number in (self.number, moment, self.size)), self.root, self.previous,
            )
        )  # fmt: skip

    @property
    def digest(self) -> bytes:
        """By which the next one names this one."""
        return hashlib.sha256(self.signed).digest()


@dataclass(frozen=True)
class Proof:
    """That a checkpoint covers a head: where it stands in the tree, and the hashes from there to the root."""

    checkpoint: Checkpoint
    head: Head
    place: int
    path: Sequence[bytes]


class Signer:
    """Signs with the key of the first secret; the keys of the others still verify what they signed."""

    def __init__(self, secrets: Sequence[str], *, of: str = "ledger") -> None:
        derived = [hmac.digest(secret.encode(), f"sign {of}".encode(), "sha256") for secret in secrets]
        self._key = Ed25519PrivateKey.from_private_bytes(derived[0])
        self.keys: Keys = {
            key_id(public): public
            for public in (Ed25519PrivateKey.from_private_bytes(seed).public_key() for seed in derived)
        }

    def checkpoint(
        self, log: str, heads: Sequence[Head], *, at: datetime, last: tuple[int, bytes] | None
    ) -> Checkpoint:
        """The next checkpoint after the last one, of which number and digest are given."""
        number, previous = last or (0, FIRST)
        unsigned = Checkpoint(
            log=log, number=number + 1, at=at, root=tree.root([head.leaf for head in heads]), size=len(heads),
            previous=previous, key=key_id(self._key.public_key()),
        )  # fmt: skip
        return replace(unsigned, signature=self._key.sign(unsigned.signed))

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys in the form that every language has a library for (RFC 8037)."""
        return {
            "keys": [jwk(public) | {"kid": name, "use": "sig", "alg": "EdDSA"} for name, public in self.keys.items()]
        }


def verify_checkpoint(checkpoint: Checkpoint, keys: Keys, *, last: Checkpoint | None = None) -> Broken | None:
    """Whether we signed it and it follows the last one that is known; None means that nothing is wrong."""
    key = keys.get(checkpoint.key)
    if key is None:
        return Broken(checkpoint.log, checkpoint.number, "key_unknown")
    try:
        key.verify(checkpoint.signature, checkpoint.signed)
    except InvalidSignature:
        return Broken(checkpoint.log, checkpoint.number, "unsigned")
    if last is not None and not _follows(checkpoint, last):
        return Broken(checkpoint.log, checkpoint.number, "gap")
    return None


def verify_proof(proof: Proof, keys: Keys) -> Broken | None:
    """Whether we signed a checkpoint that covers this head."""
    wrong = verify_checkpoint(proof.checkpoint, keys)
    if wrong is not None:
        return wrong
    size, root = proof.checkpoint.size, proof.checkpoint.root
    if not tree.included(proof.head.leaf, place=proof.place, size=size, path=proof.path, root=root):
        return Broken(str(proof.head.subject), proof.head.n, "not_covered")
    return None


def _follows(checkpoint: Checkpoint, last: Checkpoint) -> bool:
    named = (checkpoint.log, checkpoint.number, checkpoint.previous)
    return named == (last.log, last.number + 1, last.digest) and checkpoint.at >= last.at


def jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """A key's required members."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _b64(key.public_bytes_raw())}


def key_id(key: Ed25519PublicKey) -> str:
    """Its thumbprint (RFC 7638), in hexadecimal."""
    members = ",".join(f'"{name}":"{value}"' for name, value in sorted(jwk(key).items()))
    return hashlib.sha256(f"{{{members}}}".encode()).hexdigest()


def keys_of(jwks: Mapping[str, Any]) -> Keys:
    """The Ed25519 keys of a key set, under the names that follow from the keys themselves."""
    raw = [each["x"] for each in jwks["keys"] if (each.get("kty"), each.get("crv")) == ("OKP", "Ed25519")]
    found = [Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))) for x in raw]
    return {key_id(key): key for key in found}


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
