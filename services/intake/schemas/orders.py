"""Orders over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.events.orders import ServiceKind
from libs.kit.schemas import Input, Output, Words
from services.intake.domain.orders import Action, Basis, Canceller, Side, State, Urgency
from services.intake.schemas.examples import ID, MOMENT
from services.intake.schemas.offers import TermsView

Questions = Annotated[list[Words], Field(min_length=1, max_length=200, examples=[["How do I tell my sister?"]])]


class NewOrder(Input):
    """What is ordered, on terms that you have read."""

    specialist_id: UUID = Field(examples=[ID])
    kind: ServiceKind = Field(examples=["one_question"])
    terms_version: Annotated[int, Field(ge=1, le=2**31 - 1, examples=[3])] = Field(
        description="The version of the terms that you acknowledge."
    )
    questions: Questions = Field(
        description="If the first begins with a word such as срочно, терміново, спешно or sos, the order is urgent."
    )


class OrderView(Output):
    """An order, as its client and its specialist see it; what was written is shown elsewhere."""

    id: UUID = Field(examples=[ID])
    client_id: UUID = Field(examples=[ID])
    specialist_id: UUID = Field(examples=[ID])
    kind: ServiceKind
    terms_version: int = Field(examples=[3])
    state: State
    urgency: Urgency = Field(description="Braked: the first word said urgent, but too often lately to count (C12).")
    placed_at: datetime = Field(examples=[MOMENT])
    pay_by: datetime | None = Field(examples=[MOMENT], description="If it is not paid until then, it is off (C8).")
    paid_at: datetime | None = Field(examples=[MOMENT])
    paid_said_by: Side | None
    due: datetime | None = Field(examples=[MOMENT], description="Urgent work is due within a day of its payment (C2).")
    started_at: datetime | None
    delivered_at: datetime | None
    late: bool = Field(description="Delivered after it was due.")
    linked: bool = Field(description="Whether there is a link to the result.")
    cancelled_at: datetime | None
    cancelled_by: Canceller | None = Field(examples=[None], description="Time: it was not paid by `pay_by`.")
    call_at: datetime | None = Field(examples=[MOMENT], description="When the call is.")
    prepare_at: datetime | None = Field(examples=[MOMENT], description="When to write the questions down (C3).")
    recording_allowed: Literal[True] = Field(description="You may always record, openly (C3).")
    questions: int = Field(examples=[1])
    follow_ups: int = Field(examples=[0])
    changes: int = Field(examples=[0])
    nudges: int = Field(examples=[0])
    reports: int = Field(examples=[0], description="How often its link did not open.")


class WaitView(Output):
    """When the result may be expected, and what says so."""

    basis: Basis = Field(description="The specialist's own deliveries (history), or what the terms say for lack of it.")
    earliest: datetime | None = Field(examples=[MOMENT])
    latest: datetime | None = Field(examples=[MOMENT])
    deliveries: int = Field(examples=[23], description="So many deliveries were looked at.")


class StatusView(Output):
    """Where am I in the queue, what is included, and what can I do (C13)."""

    order: OrderView
    terms: TermsView = Field(description="As they were acknowledged.")
    position: int | None = Field(examples=[4], description="1 is next; none before the payment and once work began.")
    wait: WaitView = Field(description="Before the payment: as if it were paid now.")
    may: list[Action] = Field(examples=[["ask", "cancel", "nudge"]])
    nudge_at: datetime | None = Field(examples=[MOMENT], description="When you may ask again; null is at any time.")


class NewQuestions(Input):
    """What is asked."""

    questions: Questions


class QuestionView(Output):
    """A question, for the two sides."""

    number: int = Field(examples=[1])
    words: str = Field(examples=["How do I tell my sister?"])
    follow_up: bool = Field(description="Asked after the answer.")
    at: datetime = Field(examples=[MOMENT])


class QuestionsView(Output):
    """What was asked, in order."""

    questions: list[QuestionView]


class NewDelivery(Input):
    """The result."""

    link: str | None = Field(
        default=None, max_length=2000, examples=["https://example.org/r/8Jq2"], description="https, to a public host."
    )


class DeliveryView(Output):
    """Where the result is."""

    link: str | None = Field(examples=["https://example.org/r/8Jq2"])


class NewBooking(Input):
    """Which time you take."""

    slot_id: UUID = Field(examples=[ID])


class NewStage(Input):
    """When a stage is to be."""

    on: AwareDatetime = Field(examples=[MOMENT])


class StageView(Output):
    """A stage."""

    number: int = Field(examples=[1])
    on: datetime = Field(examples=[MOMENT])
    agreed_at: datetime | None = Field(examples=[MOMENT])
    done_at: datetime | None = Field(examples=[None])


class StagesView(Output):
    """The stages of an order, in order."""

    stages: list[StageView]
