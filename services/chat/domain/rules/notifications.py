"""Notifications: when people are told of messages, when that stops, and how long a link opens."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le

from libs.kit.rules import Says

NONE = timedelta(0)
Span = Annotated[timedelta, Ge(NONE), Le(timedelta(days=90))]
Few = Annotated[int, Ge(1), Le(100)]


@dataclass(frozen=True)
class NotificationRules:
    """The house rules of telling people that something was written to them."""

    ignored_before_mute: Annotated[
        Few,
        Says("D9", "After so many notifications in a row without a read or reply, a talk stops notifying its client."),
    ] = 2
    notify_after: Annotated[Span, Says("P6", "Nobody is told of what they read or answer within this.")] = timedelta(
        seconds=30
    )
    told_again_after: Annotated[
        Span, Says("P9", "So long a client has to look, before the same talk tells them of something newer.")
    ] = timedelta(minutes=5)
    clinics_every_message: Annotated[
        bool, Says("P8", "A clinic gets a mail for every message, at once, even if it reads it before the mail.")
    ] = True
    entry_lasts: Annotated[Span, Says("P6", "So long the link in a notification opens the talk.")] = timedelta(days=3)
    guest_lasts: Annotated[Span, Says("P6", "So long who came by such a link may stay.")] = timedelta(hours=12)
    attempts: Annotated[Few, Says("P6", "A notification is given up after so many attempts.")] = 12
    retry_after: Annotated[Span, Says("P6", "So long after a failed attempt comes the next; then twice as long.")] = (
        timedelta(seconds=15)
    )
    retry_at_most: Annotated[Span, Says("P6", "No longer than this lies between one attempt and the next.")] = (
        timedelta(hours=1)
    )
    attempt_lasts: Annotated[
        Annotated[timedelta, Ge(timedelta(seconds=1)), Le(timedelta(hours=1))],
        Says("P6", "An attempt of which nothing was heard for this long is made again, under the same id."),
    ] = timedelta(minutes=1)
    kept_for: Annotated[Span, Says("P6", "So long it is known who was told of what, and which links there were.")] = (
        timedelta(days=30)
    )
