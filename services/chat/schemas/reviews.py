"""What goes over HTTP about talks on reviews."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from libs.events.intake import Locale
from libs.kit.schemas import Input, Output
from services.chat.domain import LONGEST, ReviewPurpose, is_blank
from services.chat.schemas.conversations import Conversation
from services.chat.schemas.examples import MOMENT, REQUEST, REVIEW


def _legible(words: str) -> str:
    if is_blank(words):
        raise ValueError("There must be something to read.")
    return words


Words = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_legible)]


class Representative(Input):
    """Who writes to patients for this account (P4)."""

    name: Words = Field(examples=["Iryna Shevchuk"])
    position: Words = Field(examples=["Head of patient care"])
    organisation: Words = Field(examples=["Clinic on the Hill"])


class RepresentativeView(Output):
    """Who writes to patients for this account."""

    name: str = Field(examples=["Iryna Shevchuk"])
    position: str = Field(examples=["Head of patient care"])
    organisation: str = Field(examples=["Clinic on the Hill"])


class NewReviewTalk(Input):
    """A talk with the author of a review."""

    review_id: UUID = Field(examples=[REVIEW])
    purpose: ReviewPurpose = Field(examples=["solve"], description="Solve, for a bad review; thank, for a good one.")
    understood: bool = Field(
        default=False, examples=[True], description="That solving annuls either score. Must be true for `solve`."
    )
    greeting: Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_legible)] | None = Field(
        default=None,
        examples=["Good evening. May we ask what went wrong?"],
        description="The first message; without it the house's own greeting in `locale` is sent (P5).",
    )
    locale: Locale = Field(default="uk", examples=["uk"])


class ReviewTalk(Output):
    """A talk that was opened."""

    conversation: Conversation
    advice: str = Field(description="What may come of it, or what else one could do.", examples=["You can also thank…"])


class Advice(Output):
    """What to know before one opens a talk about a review."""

    solve: str = Field(examples=["The author may say that the problem is solved. Then the score counts no longer …"])
    thank: str = Field(examples=["You can also thank in your public answer to the review."])
    representative: bool = Field(examples=[True], description="Whether it is known who writes for you.")
    author_known: bool = Field(examples=[True], description="Whether the author can be written to.")
    conversation_id: UUID | None = Field(examples=[REQUEST], description="The talk about it, if there is one already.")


class SolutionView(Output):
    """Whether the problem of a review is solved."""

    solved_at: datetime | None = Field(examples=[MOMENT])
    undo_until: datetime | None = Field(examples=["2026-03-03T18:00:21Z"], description="Until then it can be undone.")


class Ending(Output):
    """How a conversation stands."""

    ended_at: datetime | None = Field(examples=[MOMENT])
    ended_by: str | None = Field(examples=["client"])
