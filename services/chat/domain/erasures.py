"""Forgetting a conversation: who may ask for it, and what is left."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from libs.kit.errors import Forbidden

AskedBy = Literal["client", "ops"]


class NotYoursToErase(Forbidden):
    """Only the client can erase a conversation, signed in and not through a link in a message."""


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """A conversation that is forgotten; complete once its key and its pictures' bytes are gone as well."""

    conversation_id: UUID
    erased_at: datetime
    complete: bool
