"""Orders: work for one client that is queued, done and delivered, on terms that were read before."""

from services.intake.domain.orders import questions, slots, stages, turns
from services.intake.domain.orders.actions import Action, next_actions
from services.intake.domain.orders.links import LinkUnusable, usable
from services.intake.domain.orders.order import (
    Customer,
    NotPaid,
    Order,
    OrderCancelled,
    OrderToYourself,
    OrderTurn,
    OrderUnknown,
    Side,
    State,
    TooManyUnpaid,
    Urgency,
    WorkBegan,
    of_client,
    of_specialist,
    place,
)
from services.intake.domain.orders.questions import (
    FollowUpsOver,
    OneQuestionOnly,
    QuestionsClosed,
    QuestionTooLong,
    TooManyChanges,
    TooManyQuestions,
    checked,
)
from services.intake.domain.orders.queue import (
    Basis,
    Delivered,
    HolidayMalformed,
    Wait,
    days_away,
    holidays_of,
    in_queue,
    place_key,
    waiting,
)
from services.intake.domain.orders.slots import (
    NoCall,
    OutsideWindow,
    Slot,
    SlotOverlaps,
    SlotTaken,
    SlotUnknown,
    TooManySlots,
)
from services.intake.domain.orders.stages import (
    NoStages,
    Stage,
    StageDone,
    StageInThePast,
    StageMoved,
    StageNotAgreed,
    StageUnknown,
    TooManyStages,
)
from services.intake.domain.orders.terms import (
    Clock,
    Currency,
    KindNotOffered,
    NotPartOfThis,
    Part,
    Price,
    PriceUpsideDown,
    Terms,
    TermsChanged,
    acknowledged,
    offer,
)
from services.intake.domain.orders.turns import (
    AlreadyDelivered,
    CallNotBooked,
    CallNotYet,
    CancelledTooOften,
    LinkMissing,
    NothingToOpen,
    NotStarted,
    NudgedTooSoon,
    StagesOpen,
    TooManyReports,
)
from services.intake.domain.orders.urgency import says_urgent

__all__ = [
    "Action", "AlreadyDelivered", "Basis", "CallNotBooked", "CallNotYet", "CancelledTooOften", "Clock", "Currency",
    "Customer", "Delivered", "FollowUpsOver", "HolidayMalformed", "KindNotOffered", "LinkMissing", "LinkUnusable",
    "NoCall", "NoStages", "NotPaid", "NotPartOfThis", "NotStarted", "NothingToOpen", "NudgedTooSoon",
    "OneQuestionOnly", "Order", "OrderCancelled", "OrderToYourself", "OrderTurn", "OrderUnknown", "OutsideWindow",
    "Part", "Price", "PriceUpsideDown", "QuestionTooLong", "QuestionsClosed", "Side", "Slot", "SlotOverlaps",
    "SlotTaken", "SlotUnknown", "Stage", "StageDone", "StageInThePast", "StageMoved", "StageNotAgreed", "StageUnknown",
    "StagesOpen", "State", "Terms", "TermsChanged", "TooManyChanges", "TooManyQuestions", "TooManyReports",
    "TooManySlots", "TooManyStages", "TooManyUnpaid", "Urgency", "Wait", "WorkBegan", "acknowledged", "checked",
    "days_away", "holidays_of", "in_queue", "next_actions", "of_client", "of_specialist", "offer", "place",
    "place_key", "questions", "says_urgent", "slots", "stages", "turns", "usable", "waiting",
]  # fmt: skip
