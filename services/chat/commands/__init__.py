"""What changes in chat."""

from services.chat.commands.addresses import forget_address, keep_address
from services.chat.commands.attachments import (
    Upload,
    add_picture,
    begin_upload,
    claim_attachments,
    empty_folder,
    forget_attachments,
    forget_unsent,
    look_at_picture,
    same_picture,
    sweep,
)
from services.chat.commands.consultations import begin_consultation, hear_session
from services.chat.commands.conversations import (
    end_struck_conversation,
    open_conversation,
    read_until,
    release_conversation,
)
from services.chat.commands.deliveries import Desk, Handed, forget_deliveries, hand_over, mark
from services.chat.commands.endings import end_conversation, reopen_conversation
from services.chat.commands.entries import Guest, forget_entries, revoke_entries, revoke_links, use_entry
from services.chat.commands.erasures import erase_conversation, erase_subject, finish_erasure, finish_erasures
from services.chat.commands.excerpts import take_excerpts
from services.chat.commands.helplines import show_helplines
from services.chat.commands.ledger import note_reading, seal_ledger
from services.chat.commands.live import Ticket, TicketRefused, admit, forget_tickets, issue_ticket
from services.chat.commands.messages import Delivery, send_message
from services.chat.commands.notifications import choose_silence, note_presence
from services.chat.commands.reviews import Introduction, hear_review, introduce, open_review_talk, settle
from services.chat.commands.staff import Look, look
from services.chat.commands.templates import change_template

__all__ = [
    "Delivery",
    "Desk",
    "Guest",
    "Handed",
    "Introduction",
    "Look",
    "Ticket",
    "TicketRefused",
    "Upload",
    "add_picture",
    "admit",
    "begin_consultation",
    "begin_upload",
    "change_template",
    "choose_silence",
    "claim_attachments",
    "empty_folder",
    "end_conversation",
    "end_struck_conversation",
    "erase_conversation",
    "erase_subject",
    "finish_erasure",
    "finish_erasures",
    "forget_address",
    "forget_attachments",
    "forget_deliveries",
    "forget_entries",
    "forget_tickets",
    "forget_unsent",
    "hand_over",
    "hear_review",
    "hear_session",
    "introduce",
    "issue_ticket",
    "keep_address",
    "look",
    "look_at_picture",
    "mark",
    "note_presence",
    "note_reading",
    "open_conversation",
    "open_review_talk",
    "read_until",
    "release_conversation",
    "reopen_conversation",
    "revoke_entries",
    "revoke_links",
    "same_picture",
    "seal_ledger",
    "send_message",
    "settle",
    "show_helplines",
    "sweep",
    "take_excerpts",
    "use_entry",
]  # fmt: skip
