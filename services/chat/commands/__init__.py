"""What changes in chat."""

from services.chat.commands.consultations import begin_consultation, hear_session
from services.chat.commands.conversations import (
    end_struck_conversation,
    open_conversation,
    read_until,
    release_conversation,
)
from services.chat.commands.live import Ticket, TicketRefused, admit, forget_tickets, issue_ticket
from services.chat.commands.messages import Delivery, send_message
from services.chat.commands.templates import change_template

__all__ = [
    "Delivery", "Ticket", "TicketRefused", "admit", "begin_consultation", "change_template",
    "end_struck_conversation", "forget_tickets", "hear_session", "issue_ticket", "open_conversation",
    "read_until", "release_conversation", "send_message",
]  # fmt: skip
