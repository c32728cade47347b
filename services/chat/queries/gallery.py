"""Where the pictures of conversations hang: sealed in the object store, under the keys of their conversations."""

import hashlib
import os
from uuid import UUID

from libs.kit.keyring import KeyDestroyed, KeyRing
from libs.kit.objects import ObjectMissing, Objects
from libs.kit.pictures import Pictures
from libs.kit.sealing import Sealer, Unsealable, decrypted, encrypted
from services.chat.domain.attachments import Pass, PictureUnknown, place
from services.chat.domain.conversations import ConversationUnknown
from services.chat.tables import AttachmentRow

STAMP = "picture link"
STAMP_SIZE = 36
NAME = 16  # random bytes


class Gallery:
    """Pictures are drawn anew here, sealed before they leave this process, and opened for their viewers."""

    def __init__(self, keys: KeyRing, sealer: Sealer, objects: Objects, pictures: Pictures) -> None:
        self.keys, self.sealer = keys, sealer
        self.objects = objects
        self.pictures = pictures

    async def hang(self, conversation_id: UUID, attachment_id: UUID, content: bytes) -> str:
        """Keep a picture, readable by nobody who has the store alone; the random name it has there."""
        try:
            key = await self.keys.key(conversation_id)
        except KeyDestroyed:
            raise ConversationUnknown from None
        name = f"{folder(conversation_id)}/{os.urandom(NAME).hex()}"
        await self.objects.put(name, encrypted(key, content, to=place(conversation_id, attachment_id)))
        return name

    async def show(self, row: AttachmentRow) -> bytes:
        """The picture again. Raises PictureUnknown if its bytes are gone or are not those that were kept."""
        try:
            sealed = await self.objects.get(row.object_name)
            key = await self.keys.key(row.conversation_id)
            content = decrypted(key, sealed, to=place(row.conversation_id, row.id))
        except (ObjectMissing, KeyDestroyed, Unsealable):
            raise PictureUnknown from None
        if hashlib.sha256(content).digest() != row.sha256:
            raise PictureUnknown
        return content

    def signed(self, right: Pass) -> bytes:
        """A pass that we know again."""
        raw = right.encoded()
        return self.sealer.stamp(raw, of=STAMP) + raw

    def admitted(self, token: bytes) -> Pass:
        """Who may look at what, if we said so. Raises PictureUnknown."""
        stamp, raw = token[:STAMP_SIZE], token[STAMP_SIZE:]
        if not self.sealer.stamped(stamp, raw, of=STAMP):
            raise PictureUnknown
        return Pass.decoded(raw)


def folder(conversation_id: UUID) -> str:
    """Where the pictures of one conversation are, so that all of them can be let go at once."""
    return f"pictures/{conversation_id.hex}"
