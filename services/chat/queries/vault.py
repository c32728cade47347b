"""Sealing and opening what is said. Nothing else in chat can read a body."""

import os
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.events.chat import PrivacyMode, Side
from libs.kit.keyring import KeyDestroyed, KeyRing
from libs.kit.sealing import Sealer, Unsealable, decrypted, encrypted
from services.chat.domain import (
    SALT,
    Contents,
    Context,
    ConversationUnknown,
    Draft,
    Form,
    Message,
    Place,
    Sent,
    commit,
    fits,
    vouched,
)

STAMP = "frank"


class SealedMessage(NamedTuple):
    """What is kept of a message, which nobody could read, and the salt that is inside."""

    body: bytes
    commitment: bytes
    stamp: bytes
    salt: bytes | None

    def as_seen(self, draft: Draft, sent: Sent) -> Message:
        """The message as its readers will see it."""
        return Message(
            **vars(sent), form=draft.form, body=draft.body, salt=self.salt, commitment=self.commitment,
            stamp=self.stamp, attachments=draft.attachments,
        )  # fmt: skip


class KeptMessage(NamedTuple):
    """A message's row."""

    seq: int
    side: Side
    sender_id: UUID
    client_message_id: UUID
    form: Form
    body: bytes
    commitment: bytes
    stamp: bytes
    attachments: list[UUID]
    at: datetime


class Vault:
    """The keys of all conversations, and our stamp."""

    def __init__(self, keys: KeyRing, sealer: Sealer) -> None:
        self.keys = keys
        self.sealer = sealer

    async def key(self, conversation_id: UUID) -> AESGCM:
        """A conversation's key; one that was destroyed belongs to no conversation that anybody has."""
        try:
            return await self.keys.key(conversation_id)
        except KeyDestroyed:
            raise ConversationUnknown from None

    async def sealed(self, draft: Draft, sent: Sent, mode: PrivacyMode, digests: tuple[bytes, ...]) -> SealedMessage:
        """A draft, sealed to its place, with what its sender can be held to."""
        key = await self.key(sent.conversation_id)
        commitment, packed, salt = draft.commitment, draft.body, None
        if commitment is None:
            salt = os.urandom(SALT)
            commitment = commit(draft.body.decode(), salt, digests)
            packed = Contents(salt, digests, draft.body).packed()
        stamp = self.sealer.stamp(vouched(commitment, _context(sent, draft.form)), of=STAMP)
        return SealedMessage(encrypted(key, packed, to=_place(sent, mode)), commitment, stamp, salt)

    async def opened(self, row: KeptMessage, conversation_id: UUID, mode: PrivacyMode) -> Message:
        """A row as its readers see it. What was altered, or cannot be proved, is shown without its words."""
        key = await self.key(conversation_id)
        sent = Sent(
            conversation_id=conversation_id, seq=row.seq, side=row.side, sender_id=row.sender_id,
            client_message_id=row.client_message_id, at=row.at,
        )  # fmt: skip
        body = salt = None
        if self.sealer.stamped(row.stamp, vouched(row.commitment, _context(sent, row.form)), of=STAMP):
            try:
                body, salt = _unpacked(row, decrypted(key, row.body, to=_place(sent, mode)))
            except (Unsealable, ValueError, IndexError):
                body = salt = None
        return Message(
            **vars(sent), form=row.form, body=body, salt=salt, commitment=row.commitment, stamp=row.stamp,
            attachments=tuple(row.attachments),
        )  # fmt: skip


def _unpacked(row: KeptMessage, packed: bytes) -> tuple[bytes | None, bytes | None]:
    if row.form == "opaque":
        return packed, None  # only the receiver's program can tell whether it fits
    contents = Contents.unpacked(packed)
    if not fits(row.commitment, contents.words.decode(), contents.salt, contents.digests):
        return None, None
    return contents.words, contents.salt


def _place(sent: Sent, mode: PrivacyMode) -> bytes:
    place = Place(conversation_id=sent.conversation_id, seq=sent.seq, sender_id=sent.sender_id, mode=mode)
    return place.encoded()


def _context(sent: Sent, form: Form) -> Context:
    return Context(
        conversation_id=sent.conversation_id, seq=sent.seq, side=sent.side, sender_id=sent.sender_id, form=form,
        at=sent.at,
    )  # fmt: skip
