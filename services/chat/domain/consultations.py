"""The free consultation (B12): its specialist begins it, and both sides see the same time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.kit.errors import Conflict
from services.chat.domain.rules import ConsultationRules


class OnlySpecialistBegins(Conflict):
    """The specialist of a request begins the free consultation; the other side sees its time."""


class ConsultationRunning(Conflict):
    """The free consultation is under way; both sides see until when."""

    def __init__(self, ends_at: datetime) -> None:
        super().__init__()
        self.ends_at = ends_at

    def extra(self) -> dict[str, Any]:
        """Until when."""
        return {"ends_at": self.ends_at}


@dataclass(frozen=True, slots=True)
class Consultation:
    """A free consultation of one specialist's."""

    conversation_id: UUID
    specialist_id: UUID
    started_at: datetime
    ends_at: datetime

    def running(self, now: datetime) -> bool:
        """Whether it is still under way."""
        return now < self.ends_at


def begin(conversation_id: UUID, specialist_id: UUID, *, now: datetime, rules: ConsultationRules) -> Consultation:
    """A consultation from now on."""
    return Consultation(conversation_id, specialist_id, now, now + rules.length)


def say_minutes_now(*, first_reply: int | None, last_of_client: int, offered: bool) -> bool:
    """Whether this is the time to say the minutes: after the client told the problem (B12).

    Told means: wrote something after the specialist's greeting. What they wrote is nobody's to read.
    """
    return first_reply is not None and last_of_client > first_reply and not offered
