"""The numbers of pictures."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from libs.kit.rules import Says


@dataclass(frozen=True)
class AttachmentRules:
    """Which pictures are taken, and how long what belongs to nothing is kept."""

    allowed: Annotated[bool, Says("R14", "Whether pictures may be sent at all.")] = True
    largest: Annotated[int, Says("R14", "A picture that is sent has at most so many bytes; never more than 8 MB.")] = (
        8 * 1024 * 1024
    )
    per_message: Annotated[int, Says("R14", "A message has at most so many pictures; never more than ten.")] = 10
    per_day: Annotated[int, Says("R14", "One person adds at most so many pictures within 24 hours.")] = 50
    unsent_kept: Annotated[timedelta, Says("R14", "A picture that was added and not sent is kept for this long.")] = (
        timedelta(days=1)
    )
    link_lives: Annotated[timedelta, Says("R14", "A link to a picture, for its viewer alone, works for this long.")] = (
        timedelta(minutes=5)
    )
