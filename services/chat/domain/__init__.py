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
    opened,
    sent,
    size_of,
)
from services.chat.domain.franking import SALT, Context, commit, fits, vouched

__all__ = [
    "DIGEST", "LARGEST", "LONGEST", "SALT", "WHO_MAY_READ", "Contents", "Context", "ConversationOver",
    "ConversationUnknown", "Draft", "Form", "Message", "Participant", "Place", "Sent", "TooManyMessages", "commit",
    "fits", "is_blank", "opened", "sent", "size_of", "vouched",
]  # fmt: skip
