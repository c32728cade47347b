"""What goes over HTTP."""

from services.chat.schemas.conversations import Conversation, LiveTicket, Reader, ReadPosition, ReadUntil
from services.chat.schemas.excerpts import (
    Excerpts,
    MessageExcerpt,
    NewExcerpt,
    NewStaffReading,
    NewVerification,
    Verdict,
    Verification,
)
from services.chat.schemas.ledger import (
    AccessLedger,
    LedgerCheckpoint,
    LedgerEntry,
    LedgerHead,
    LedgerKeys,
    LedgerProof,
)
from services.chat.schemas.live import FRAME, HELLO, Hello, Read, Send, Typing
from services.chat.schemas.messages import Message, Messages, NewMessage, Receipt, bytes_of, text_of
from services.chat.schemas.reviews import (
    Advice,
    Ending,
    NewReviewTalk,
    Representative,
    RepresentativeView,
    ReviewTalk,
    SolutionView,
)

__all__ = [
    "FRAME",
    "HELLO",
    "AccessLedger",
    "Advice",
    "Conversation",
    "Ending",
    "Excerpts",
    "Hello",
    "LedgerCheckpoint",
    "LedgerEntry",
    "LedgerHead",
    "LedgerKeys",
    "LedgerProof",
    "LiveTicket",
    "Message",
    "MessageExcerpt",
    "Messages",
    "NewExcerpt",
    "NewMessage",
    "NewReviewTalk",
    "NewStaffReading",
    "NewVerification",
    "Read",
    "ReadPosition",
    "ReadUntil",
    "Reader",
    "Receipt",
    "Representative",
    "RepresentativeView",
    "ReviewTalk",
    "Send",
    "SolutionView",
    "Typing",
    "Verdict",
    "Verification",
    "bytes_of",
    "text_of",
]  # fmt: skip
