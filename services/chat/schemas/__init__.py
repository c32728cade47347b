"""What goes over HTTP."""

from services.chat.schemas.conversations import Conversation, LiveTicket, Reader, ReadPosition, ReadUntil
from services.chat.schemas.live import FRAME, HELLO, Hello, Read, Send, Typing
from services.chat.schemas.messages import Message, Messages, NewMessage, Receipt, bytes_of, text_of

__all__ = [
    "FRAME", "HELLO", "Conversation", "Hello", "LiveTicket", "Message", "Messages", "NewMessage", "Read",
    "ReadPosition", "ReadUntil", "Reader", "Receipt", "Send", "Typing", "bytes_of", "text_of",
]  # fmt: skip
