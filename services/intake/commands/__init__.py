"""Writes: each function is one transaction's worth."""

from services.intake.commands import orders
from services.intake.commands.contacts import SealedPhone, reveal_contact, seal_phone
from services.intake.commands.farewells import hear_farewell
from services.intake.commands.feed import admit, issue_ticket, number_feed, tidy_feed
from services.intake.commands.merges import merge_request, part_request
from services.intake.commands.race import forget_presses, press_accept, tell_refusals
from services.intake.commands.readiness import (
    begin_push_test,
    count_echo,
    end_duties,
    leave_duty,
    receive_push_test,
    say_duty,
)
from services.intake.commands.refusals import pay_session, refuse_client, take_purchase_back
from services.intake.commands.requests import (
    Call,
    deactivate_request,
    hear_answer,
    new_id,
    open_request,
    pass_time,
    turn_request,
)
from services.intake.commands.sessions import (
    book_session,
    cancel_session,
    dispute_session,
    miss_session,
    move_session,
    rule_session,
    tell_outcome,
)
from services.intake.commands.specialists import change_profile, join

__all__ = [
    "Call", "SealedPhone", "admit", "begin_push_test", "book_session", "cancel_session",
    "change_profile", "count_echo", "deactivate_request", "dispute_session", "end_duties",
    "forget_presses", "hear_answer",
    "hear_farewell", "issue_ticket", "join", "leave_duty", "merge_request", "miss_session", "move_session", "new_id",
    "number_feed", "open_request", "orders", "part_request", "pass_time", "pay_session", "press_accept",
    "receive_push_test", "refuse_client", "reveal_contact", "rule_session", "say_duty", "seal_phone",
    "take_purchase_back", "tell_outcome", "tell_refusals", "tidy_feed", "turn_request",
]  # fmt: skip
