"""Pictures in a conversation: who may add one, how many, and the right to look at one for a few minutes."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, Self
from uuid import UUID

from libs.kit.errors import DomainError, Forbidden, Invalid, NotFound, TooSoon
from services.chat.domain.conversations import Participant
from services.chat.domain.rules.attachments import AttachmentRules

DAY: Final = timedelta(days=1)
ROLES: Final = ("client", "specialist", "clinic")


class PicturesForbidden(Forbidden):
    """The house takes no pictures in its conversations."""


class TooManyPictures(TooSoon):
    """You have added as many pictures as one may in a day. Try again later."""


class PictureNotYours(Invalid):
    """You have added no such picture to this conversation, or sent it before."""


class PicturesTooMany(Invalid):
    """These are more pictures than one message may have."""


class PictureUnknown(NotFound):
    """There is no such picture here, or not for you, or this link is too old."""


class UploadTooSlow(DomainError):
    """The picture did not arrive in time. Send it again, with the same Idempotency-Key."""

    status: ClassVar[int] = 408


@dataclass(frozen=True, kw_only=True)
class Uploads:
    """What somebody has added lately."""

    in_a_day: int
    oldest: datetime


def may_add(uploads: Uploads, rules: AttachmentRules) -> None:
    """Refuse what the house does not take, and more than it takes from one person."""
    if not rules.allowed:
        raise PicturesForbidden
    if uploads.in_a_day >= rules.per_day:
        raise TooManyPictures(uploads.oldest + DAY)


def may_send(wanted: int, rules: AttachmentRules) -> None:
    """Refuse more pictures than a message may have."""
    if wanted > rules.per_message:
        raise PicturesTooMany


def place(conversation_id: UUID, attachment_id: UUID) -> bytes:
    """What a picture is sealed to, so that nobody can move it to another talk or pass one off as another."""
    return b"picture/1" + conversation_id.bytes + attachment_id.bytes


@dataclass(frozen=True, kw_only=True)
class Pass:
    """The right of one person to look at one picture until a moment; it is worth no more than their seat is then."""

    attachment_id: UUID
    reader: Participant
    until: datetime

    def encoded(self) -> bytes:
        """The same as bytes, to be stamped."""
        only = self.reader.only or UUID(int=0)
        roles = sum(1 << at for at, role in enumerate(ROLES) if role in self.reader.roles)
        ids = self.attachment_id.bytes + self.reader.id.bytes + only.bytes
        return ids + struct.pack(">BQ", roles, int(self.until.timestamp())) + self.reader.tenant.encode()

    @classmethod
    def decoded(cls, raw: bytes) -> Self:
        """The pass again, from bytes that bear our stamp."""
        attachment_id, reader_id, only = (UUID(bytes=raw[at : at + 16]) for at in (0, 16, 32))
        roles, until = struct.unpack(">BQ", raw[48:57])
        reader = Participant(
            tenant=raw[57:].decode(), id=reader_id, only=only if only.int else None,
            roles=frozenset(role for at, role in enumerate(ROLES) if roles >> at & 1),
        )  # fmt: skip
        return cls(attachment_id=attachment_id, reader=reader, until=datetime.fromtimestamp(until, UTC))
