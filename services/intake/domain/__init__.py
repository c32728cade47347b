"""The rules of intake, pure: values in, events or refusals out."""

from services.intake.domain import race, requests, rules, sessions, turns
from services.intake.domain.race import (
    Acceptance,
    AnswerFirst,
    Claim,
    CoolingDown,
    KeyReused,
    NotEligible,
    OffDuty,
    Press,
    Pressed,
    Receipt,
    RequestTaken,
    TicketRefused,
    WrongDevice,
    accept,
    already,
)
from services.intake.domain.requests import (
    Age,
    Alive,
    Closed,
    Contact,
    DirectToYourself,
    PhoneMalformed,
    PhoneMissing,
    Racer,
    Request,
    RequestClosed,
    RequestUnknown,
    Why,
    contact,
    linked,
    offered,
    open_request,
    visible,
)
from services.intake.domain.rules import Clause, RaceRules, Rules, Says, clauses, cooldown, reply_due
from services.intake.domain.sessions import (
    Outcome,
    Session,
    SessionBeforeAcceptance,
    SessionNotStarted,
    SessionUnknown,
    book,
    settle,
)
from services.intake.domain.turns import AlreadyAnswered, AnswerComesFirst, ChatComesFirst, Former, Turn, look_at

__all__ = [
    "Acceptance", "Age", "Alive", "AlreadyAnswered", "AnswerComesFirst", "AnswerFirst", "ChatComesFirst", "Claim",
    "Clause", "Closed", "Contact", "CoolingDown", "DirectToYourself", "Former", "KeyReused", "NotEligible", "OffDuty",
    "Outcome", "PhoneMalformed", "PhoneMissing", "Press", "Pressed", "RaceRules", "Racer", "Receipt", "Request",
    "RequestClosed", "RequestTaken", "RequestUnknown", "Rules", "Says", "Session", "SessionBeforeAcceptance",
    "SessionNotStarted", "SessionUnknown", "TicketRefused", "Turn", "Why", "WrongDevice", "accept", "already", "book",
    "clauses", "contact", "cooldown", "linked", "look_at", "offered", "open_request", "race", "reply_due", "requests",
    "rules", "sessions", "settle", "turns", "visible",
]  # fmt: skip
