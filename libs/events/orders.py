"""What intake says of orders: work that is queued, done and delivered."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from libs.events.base import Event, Moment

ServiceKind = Literal["planned_recording", "urgent_work", "planned_call", "one_question", "multi_stage"]


class OrderPlaced(Event, topic="intake.orders", key="order_id"):
    """A client asked for work of a kind, and acknowledged its terms (C8, C14)."""

    order_id: UUID
    client_id: UUID
    specialist_id: UUID
    kind: ServiceKind
    terms_version: Annotated[int, Meta(ge=1)]
    urgent: Annotated[bool, Meta(description="The first word of the message said so (C12).")] = False


class OrderPaid(Event, topic="intake.orders", key="order_id"):
    """The order was paid; urgent work is due from here (C2)."""

    order_id: UUID
    specialist_id: UUID
    due: Moment | None


class QuestionAdded(Event, topic="intake.orders", key="order_id"):
    """A question was added before work began (C1)."""

    order_id: UUID
    specialist_id: UUID
    questions: Annotated[int, Meta(ge=1, description="How many there are now.")]


class OrderStarted(Event, topic="intake.orders", key="order_id"):
    """Work began: from here on questions are closed."""

    order_id: UUID
    specialist_id: UUID


class StageReached(Event, topic="intake.orders", key="order_id"):
    """One of several stages was agreed or done (C5)."""

    order_id: UUID
    specialist_id: UUID
    stage: Annotated[int, Meta(ge=1)]
    done: bool


class OrderDelivered(Event, topic="intake.orders", key="order_id"):
    """The result is there."""

    order_id: UUID
    specialist_id: UUID
    late: Annotated[bool, Meta(description="Later than an urgent order was due (C2).")]


class OrderReopened(Event, topic="intake.orders", key="order_id"):
    """The client cannot open the result: it is due again (C1)."""

    order_id: UUID
    specialist_id: UUID
    reports: Annotated[int, Meta(ge=1, description="How often so far.")]


class OrderChanged(Event, topic="intake.orders", key="order_id"):
    """The client changed the order; how often that may be is bounded (C8)."""

    order_id: UUID
    specialist_id: UUID
    changes: Annotated[int, Meta(ge=1)]


class OrderCancelled(Event, topic="intake.orders", key="order_id"):
    """The order is off."""

    order_id: UUID
    specialist_id: UUID
    by: Literal["client", "specialist"]
    cycles: Annotated[int, Meta(ge=0, description="How often this client has paid and cancelled (C8).")]


class OrderExpired(Event, topic="intake.orders", key="order_id"):
    """Nobody said in time that the order was paid, so it is off (C8)."""

    order_id: UUID
    specialist_id: UUID


class OrderNudged(Event, topic="intake.orders", key="order_id"):
    """The client asked how it goes; the queue is as it was (C6)."""

    order_id: UUID
    specialist_id: UUID
    nudges: Annotated[int, Meta(ge=1)]
