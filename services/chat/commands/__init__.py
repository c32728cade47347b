"""What changes in chat."""

from services.chat.commands.conversations import (
    end_struck_conversation,
    open_conversation,
    read_until,
    release_conversation,
)
from services.chat.commands.live import Ticket, TicketRefused, admit, forget_tickets, issue_ticket
from services.chat.commands.messages import Delivery, send_message

__all__ = [
    "Delivery", "Ticket", "TicketRefused", "admit", "end_struck_conversation", "forget_tickets", "issue_ticket",
    "open_conversation", "read_until", "release_conversation", "send_message",
]  # fmt: skip
