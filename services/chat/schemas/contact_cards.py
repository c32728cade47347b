"""Contact cards over HTTP."""

from uuid import UUID

from pydantic import Field

from libs.kit.schemas import Input, Output
from services.chat.domain.cards import CardKind
from services.chat.schemas.examples import MESSAGE


class NewContactCard(Input):
    """How the other side can reach you elsewhere."""

    client_message_id: UUID = Field(
        examples=[MESSAGE],
        description="Your program's own, new for each card. Sent again with the same one, it is the same card.",
    )
    kind: CardKind = Field(examples=["telegram"])
    login: str = Field(
        min_length=1, max_length=64, examples=["anna_helps"],
        description="A name for Telegram, for others a number with its country code. Never a link.",
    )  # fmt: skip


class CardView(Output):
    """How to reach whoever sent it. In proofs its words are this as JSON in UTF-8: members by name, no spaces."""

    kind: CardKind = Field(examples=["telegram"])
    shown: str = Field(examples=["@anna_helps"])
    links: list[str] = Field(examples=[["https://t.me/anna_helps"]], description="To be tried in this order.")
