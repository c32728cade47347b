"""What talking is here: pure rules, no I/O."""

from services.chat.domain.conversations import (
    DIGEST,
    LARGEST,
    LONGEST,
    WHO_MAY_READ,
    Contents,
    ConversationOver,
    ConversationUnknown,
    Draft,
    Form,
    Message,
    Participant,
    Place,
    Sent,
    TooManyMessages,
    is_blank,
    may_reply,
    opened,
    sent,
    size_of,
)
from services.chat.domain.franking import SALT, Context, commit, fits, vouched
from services.chat.domain.reviews import (
    ADVICE,
    AuthorUnknown,
    NothingToSolve,
    NotReopened,
    NotUnderstood,
    NotYoursToEnd,
    RepresentativeMissing,
    Review,
    ReviewPurpose,
    ReviewTalkedAbout,
    ReviewUnknown,
    Solution,
    TooLateToUndo,
    opened_about,
)

__all__ = [
    "ADVICE", "DIGEST", "LARGEST", "LONGEST", "SALT", "WHO_MAY_READ", "AuthorUnknown", "Contents", "Context",
    "ConversationOver", "ConversationUnknown", "Draft", "Form", "Message", "NotReopened", "NotUnderstood",
    "NotYoursToEnd", "NothingToSolve", "Participant", "Place", "RepresentativeMissing", "Review", "ReviewPurpose",
    "ReviewTalkedAbout", "ReviewUnknown", "Sent", "Solution", "TooLateToUndo", "TooManyMessages", "commit", "fits",
    "is_blank", "may_reply", "opened", "opened_about", "sent", "size_of", "vouched",
]  # fmt: skip
