"""Talks about a review: who may open one, why, and how its matter is settled (P1-P5, P10-P14, D10)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from libs.events.chat import ConversationOpened, PrivacyMode, ProblemReopened, ProblemSolved
from libs.kit.errors import Conflict, Forbidden, NotFound
from services.chat.domain.conversations import Participant

ReviewPurpose = Literal["solve", "thank"]
# P3 for "solve"; P14 for "thank".
ADVICE: Final[dict[str, str]] = {
    "solve": "The author may say that the problem is solved. Then the score counts no longer, whether it was bad or "
    "good; only the author can do that, or take it back.",
    "thank": "You can also thank in your public answer to the review, where everybody reads it.",
}


class ReviewUnknown(NotFound):
    """There is no such review about you. If it was left just now, it is known here within seconds."""


class AuthorUnknown(Conflict):
    """We do not know who wrote this review, so nobody can be written to. Answer it in public."""


class RepresentativeMissing(Conflict):
    """Before you write to a patient, say who is writing: PUT /v1/representatives/mine."""


class NotUnderstood(Conflict):
    """Before you open this talk, read what may come of it and send `understood: true`."""

    @property
    def detail(self) -> str | None:
        """What there is to understand."""
        return ADVICE["solve"]


class ReviewTalkedAbout(Conflict):
    """There is a conversation about this review already: GET /v1/reviews/{id}/advice says which, if it is yours."""


class NotYoursToEnd(Forbidden):
    """Only the client ends a conversation, or says that their problem is solved. You can simply stop writing."""


class NotReopened(Conflict):
    """An end is an end here: this conversation is not opened again."""


class NothingToSolve(Conflict):
    """Only a conversation that was opened to solve the problem of a review has one."""


class TooLateToUndo(Conflict):
    """That your problem is solved can no longer be taken back. If it came back, write a new review."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review, as far as one may talk about it."""

    id: UUID
    tenant: str
    specialist_id: UUID
    client_id: UUID | None
    clinic_id: UUID | None

    def opener_side(self, somebody: Participant) -> Literal["specialist", "clinic"] | None:
        """On which side somebody could open a talk about it; None for strangers."""
        if self.tenant != somebody.tenant:
            return None
        if self.specialist_id == somebody.as_specialist:
            return "specialist"
        return "clinic" if self.clinic_id is not None and self.clinic_id == somebody.as_clinic else None


def opened_about(
    review: Review | None, opener: Participant, *, purpose: ReviewPurpose, understood: bool, known: bool,
    staff_access: str, conversation_id: UUID, now: datetime,
) -> ConversationOpened:  # fmt: skip
    """Whether this talk may be opened, and how private it will be for life. Known: whether we know who is writing."""
    side = review.opener_side(opener) if review is not None else None
    if review is None or side is None:
        raise ReviewUnknown
    if review.client_id is None:
        raise AuthorUnknown
    if not known:
        raise RepresentativeMissing
    if purpose == "solve" and not understood:
        raise NotUnderstood
    mode: PrivacyMode = "observed" if staff_access == "visible_staff" else "sealed"
    return ConversationOpened(
        tenant=review.tenant, at=now, conversation_id=conversation_id, client_id=review.client_id,
        specialist_id=review.specialist_id, privacy_mode=mode, purpose=purpose, review_id=review.id,
        clinic_id=opener.id if side == "clinic" else None,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Solution:
    """What the author of a review last said of its problem; version 0: nothing yet."""

    conversation_id: UUID
    tenant: str
    review_id: UUID
    specialist_id: UUID
    version: int
    solved_at: datetime | None

    def solved(self, now: datetime) -> ProblemSolved | None:
        """The problem is solved; None if that was said before (D10)."""
        if self.solved_at is not None:
            return None
        return ProblemSolved(
            tenant=self.tenant, at=now, conversation_id=self.conversation_id, review_id=self.review_id,
            specialist_id=self.specialist_id, version=self.version + 1,
        )  # fmt: skip

    def reopened(self, now: datetime, *, within: timedelta) -> ProblemReopened | None:
        """It was said by mistake; None if it is not solved anyway. Raises TooLateToUndo."""
        if self.solved_at is None:
            return None
        if now > self.solved_at + within:
            raise TooLateToUndo
        return ProblemReopened(
            tenant=self.tenant, at=now, conversation_id=self.conversation_id, review_id=self.review_id,
            specialist_id=self.specialist_id, version=self.version + 1,
        )  # fmt: skip
