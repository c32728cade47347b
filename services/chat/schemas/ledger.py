"""What goes over HTTP about who has read."""

import base64
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.events.chat import LookReason
from libs.kit.ledger import Entry, Head, Proof
from libs.kit.schemas import Output
from services.chat.domain.ledger import Reader, Reading, Use
from services.chat.schemas.examples import ANNA, MOMENT, REQUEST

_HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_HEAD: dict[str, JsonValue] = {"n": 1, "digest": _HEX}
_CHECKPOINT: dict[str, JsonValue] = {
    "log": "chat/therapy", "number": 1, "at": MOMENT, "root": _HEX, "size": 1, "previous": "0" * 64,
    "signed_with": _HEX, "signature": _HEX * 2,
}  # fmt: skip
_PROOF: dict[str, JsonValue] = {"checkpoint": _CHECKPOINT, "covers": _HEAD, "place": 0, "path": []}
_ENTRY: dict[str, JsonValue] = {
    "n": 1, "at": MOMENT, "reader": ANNA, "side": "staff", "use": "staff", "first_seq": 1, "last_seq": 3,
    "ticket_id": REQUEST, "reason": "dispute", "payload": "eyJhdCI6IjIwMjYtMDMtMDJUMTg6MDA6MjFaIiwiLi4uIn0=",
    "digest": _HEX,
}  # fmt: skip
_KEY: dict[str, JsonValue] = {
    "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": _HEX, "use": "sig",
    "alg": "EdDSA",
}  # fmt: skip


class LedgerHead(Output):
    """How far a chain had come."""

    model_config = ConfigDict(json_schema_extra={"examples": [_HEAD]})

    n: int
    digest: str

    @classmethod
    def of(cls, head: Head) -> Self:
        """The same, as an answer."""
        return cls(n=head.n, digest=head.digest.hex())


class LedgerEntry(Output):
    """One use of the key that reads this conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    n: int = Field(description="1, 2, 3 and so on, without gaps.")
    at: datetime
    reader: UUID
    side: Reader
    use: Use = Field(description="A page of messages, a live connection and its end, an excerpt, a picture; or staff.")
    first_seq: int | None
    last_seq: int | None
    ticket_id: UUID | None = Field(description="Which ticket gave staff a reason.")
    reason: LookReason | None
    payload: str = Field(description="The entry as it is kept, in base64: exactly these bytes were hashed.")
    digest: str = Field(description="SHA-256 of the digest before, n in 8 bytes, and the payload; in hexadecimal.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """All but the number is what the payload says."""
        said = Reading.decoded(entry.payload)
        return cls(
            n=entry.n, at=said.at, reader=said.reader, side=said.side, use=said.use, first_seq=said.first_seq,
            last_seq=said.last_seq, ticket_id=said.ticket_id, reason=said.reason,
            payload=base64.b64encode(entry.payload).decode(), digest=entry.digest.hex(),
        )  # fmt: skip


class LedgerCheckpoint(Output):
    """Our signature on how far all chains had come that had grown since the one before."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHECKPOINT]})

    log: str
    number: int
    at: datetime
    root: str
    size: int
    previous: str
    signed_with: str = Field(description="Which of our keys: its `kid` in the key set.")
    signature: str = Field(description="Ed25519, in hexadecimal; over bytes that docs/ledger.md tells.")


class LedgerProof(Output):
    """That a checkpoint covers this ledger up to an entry."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROOF]})

    checkpoint: LedgerCheckpoint
    covers: LedgerHead
    place: int
    path: list[str] = Field(description="The hashes from there to the root (RFC 6962).")

    @classmethod
    def of(cls, proof: Proof) -> Self:
        """The same, as an answer."""
        signed = proof.checkpoint
        checkpoint = LedgerCheckpoint(
            log=signed.log, number=signed.number, at=signed.at, root=signed.root.hex(), size=signed.size,
            previous=signed.previous.hex(), signed_with=signed.key, signature=signed.signature.hex(),
        )  # fmt: skip
        path = [each.hex() for each in proof.path]
        return cls(checkpoint=checkpoint, covers=LedgerHead.of(proof.head), place=proof.place, path=path)


class AccessLedger(Output):
    """Who has read a conversation, in a form that shows every later change; keep it, and verify it where you like."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subject_id": REQUEST, "since": {"n": 0, "digest": _HEX}, "entries": [_ENTRY], "next": 1,
                    "head": _HEAD, "proof": _PROOF,
                }
            ]
        }
    )  # fmt: skip

    subject_id: UUID = Field(description="The conversation's.")
    since: LedgerHead = Field(description="What the first entry follows; a later counterpart's does not begin at 0.")
    entries: list[LedgerEntry]
    next: int | None = Field(description="The `after` of the following page; null when this is the last.")
    head: LedgerHead
    proof: LedgerProof | None = Field(
        description="Null until the first checkpoint, a few minutes after the first entry."
    )


class LedgerKey(Output):
    """A public key of ours."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    kty: str
    crv: str
    x: str
    kid: str = Field(description="Its thumbprint (RFC 7638), in hexadecimal.")
    use: str
    alg: str


class LedgerKeys(Output):
    """Our public keys, the one that signs now first. Keep them, so that we cannot deny later what they signed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": [_KEY]}]})

    keys: list[LedgerKey]
