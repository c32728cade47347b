"""Orders: offering, placing, and everything that becomes of them."""

from services.intake.commands.orders.appointments import (
    agree_stage,
    book_slot,
    complete_stage,
    forget_slots,
    offer_slot,
    plan_stage,
    withdraw_slot,
)
from services.intake.commands.orders.avoidances import allow, avoid
from services.intake.commands.orders.placing import name_holidays, offer_kind, place_order
from services.intake.commands.orders.turning import (
    ask_more,
    ask_otherwise,
    cancel_order,
    deliver_order,
    expire_order,
    nudge_order,
    pay_order,
    report_link,
    start_order,
)
from services.intake.commands.orders.words import open_link, open_words

__all__ = [
    "agree_stage", "allow", "ask_more", "ask_otherwise", "avoid", "book_slot", "cancel_order", "complete_stage",
    "deliver_order", "expire_order", "forget_slots", "name_holidays", "nudge_order", "offer_kind", "offer_slot",
    "open_link", "open_words", "pay_order", "place_order", "plan_stage", "report_link", "start_order", "withdraw_slot",
]  # fmt: skip
