"""The free consultation over HTTP."""

from datetime import datetime
from typing import Self

from pydantic import Field

from libs.kit.schemas import Output
from services.chat.domain.consultations import Consultation
from services.chat.schemas.examples import MOMENT


class ConsultationView(Output):
    """The free consultation, as both sides see it: count from `now`, which is the house's, to `ends_at`."""

    started_at: datetime | None = Field(examples=[MOMENT], description="Null until the specialist has begun it.")
    ends_at: datetime | None = Field(examples=["2026-03-02T18:20:21Z"])
    now: datetime = Field(examples=["2026-03-02T18:05:00Z"])
    running: bool
    say_minutes_now: bool = Field(
        description="For the specialist: the client has written since you greeted them; this is the time to say how "
        "long the free consultation lasts. Told from who wrote when, never from what."
    )

    @classmethod
    def of(cls, known: Consultation | None, *, now: datetime, say_minutes_now: bool = False) -> Self:
        """The same, as an answer."""
        return cls(
            started_at=known.started_at if known else None, ends_at=known.ends_at if known else None, now=now,
            running=known is not None and known.running(now), say_minutes_now=say_minutes_now,
        )  # fmt: skip
