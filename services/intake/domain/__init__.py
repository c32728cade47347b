"""The rules of intake, pure: values in, events or refusals out."""

from libs.kit.helplines import Helpline, helplines_for
from services.intake.domain import engagements, merges, refusals, sessions, turns
from services.intake.domain.engagements import (
    Engagement,
    EngagementEnded,
    HeldComesFirst,
    LaterOnePaid,
    NotAcceptedYet,
    OneSessionOnly,
    Purchase,
    PurchaseOutOfOrder,
    Refusal,
    SaidByTheOther,
    SessionBeforeAcceptance,
    TooManySessions,
)
from services.intake.domain.merges import Merge, NotLinked, NotMerged, OthersMergedHere, PaidHere
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
from services.intake.domain.refusals import DecideAfterSession1, FarewellComesFirst, NextSessionPaid, Shut, Window
from services.intake.domain.requests import (
    Age,
    Alive,
    Closed,
    DirectToYourself,
    PhoneMissing,
    Racer,
    ReferredToYourself,
    Request,
    RequestClosed,
    RequestUnknown,
    Why,
    asked_by,
    contact,
    linked,
    offered,
    open_request,
    visible,
    won_by,
)
from services.intake.domain.rules import RaceRules, Rules, SessionRules, cooldown, reply_due
from services.intake.domain.session import (
    BothAgreed,
    DisputeTooLate,
    EnteredAfterwards,
    Evidence,
    MovedTooOften,
    NothingToDispute,
    NoticeTooLate,
    Outcome,
    Session,
    SessionInThePast,
    SessionNotStarted,
    SessionOver,
    SessionStarted,
    SessionTooFarAhead,
    SessionUnknown,
    Side,
    StillAwaited,
    SupportHasDecided,
    Told,
    side_of,
)
from services.intake.domain.turns import AlreadyAnswered, AnswerComesFirst, ChatComesFirst, Former, Turn, look_at

__all__ = [
    "Acceptance", "Age", "Alive", "AlreadyAnswered", "AnswerComesFirst", "AnswerFirst", "BothAgreed", "ChatComesFirst",
    "Claim", "Closed", "CoolingDown", "DecideAfterSession1", "DirectToYourself", "DisputeTooLate", "Engagement",
    "EngagementEnded", "EnteredAfterwards", "Evidence", "FarewellComesFirst", "Former", "HeldComesFirst", "Helpline",
    "KeyReused", "LaterOnePaid", "Merge", "MovedTooOften", "NextSessionPaid", "NotAcceptedYet", "NotEligible",
    "NotLinked", "NotMerged", "NothingToDispute", "NoticeTooLate", "OffDuty", "OneSessionOnly", "OthersMergedHere",
    "Outcome", "PaidHere", "PhoneMissing", "Press", "Pressed", "Purchase", "PurchaseOutOfOrder", "RaceRules", "Racer",
    "Receipt", "ReferredToYourself", "Refusal", "Request", "RequestClosed", "RequestTaken", "RequestUnknown", "Rules",
    "SaidByTheOther", "Session", "SessionBeforeAcceptance", "SessionInThePast", "SessionNotStarted", "SessionOver",
    "SessionRules", "SessionStarted", "SessionTooFarAhead", "SessionUnknown", "Shut", "Side", "StillAwaited",
    "SupportHasDecided", "TicketRefused", "Told", "TooManySessions", "Turn", "Why", "Window", "WrongDevice", "accept",
    "already", "asked_by", "contact", "cooldown", "engagements", "helplines_for", "linked", "look_at", "merges",
    "offered", "open_request", "refusals", "reply_due", "sessions", "side_of", "turns", "visible", "won_by",
]  # fmt: skip
