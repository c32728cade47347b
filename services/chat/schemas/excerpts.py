"""What goes over HTTP about excerpts: what somebody shows, and whether it is genuine."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from libs.events.chat import LookReason, Side
from libs.kit.schemas import Input, Output
from services.chat.domain import LARGEST, Form
from services.chat.domain.excerpts import Choice, Excerpt, Hide
from services.chat.domain.franking import HASH, Context, Hidden, Opened, Shown
from services.chat.schemas.examples import ANNA, DIGEST, MOMENT, REQUEST, STAMP
from services.chat.schemas.messages import bytes_of, text_of

MOST = 100  # messages in one call, whatever a house allows
MOST_WORDS = LARGEST // 2
_CONTEXT: dict[str, JsonValue] = {
    "conversation_id": REQUEST, "seq": 4, "side": "specialist", "sender_id": ANNA, "form": "text", "at": MOMENT,
}  # fmt: skip
_EXCERPT: dict[str, JsonValue] = {
    "context": _CONTEXT, "words": ["Write ", "to ", None], "attachments": [], "proofs": [DIGEST, DIGEST, DIGEST],
    "stamp": STAMP,
}  # fmt: skip
_CHOICE: dict[str, JsonValue] = {"messages": [{"seq": 4, "hidden_words": [2]}]}
_VERDICT: dict[str, JsonValue] = {
    "genuine": True, "conversation_id": REQUEST, "side": "specialist", "at": MOMENT, "seq": 4,
}  # fmt: skip


def _is_hash(text: str) -> str:
    if len(bytes_of(text)) != HASH:
        raise ValueError(f"This has {HASH} bytes in base64url.")
    return text


def _is_base64url(text: str) -> str:
    bytes_of(text)
    return text


Hash = Annotated[str, Field(min_length=43, max_length=44), AfterValidator(_is_hash)]
Number = Annotated[int, Field(ge=0, lt=MOST_WORDS)]


class ChosenMessage(Input):
    """A message to show, and what of it stays hidden."""

    seq: int = Field(ge=1, lt=2**31)
    hidden_words: list[Number] = Field(
        default_factory=list,
        max_length=MOST_WORDS,
        description="0 is the first; a word ends with the spaces behind it.",
    )
    hidden_attachments: list[Number] = Field(default_factory=list, max_length=MOST)


class NewExcerpt(Input):
    """Which messages to show."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHOICE]})

    messages: list[ChosenMessage] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({message.seq for message in self.messages}) < len(self.messages):
            raise ValueError("Each message can be shown once.")
        return self

    def choice(self) -> Choice:
        """The same, as the domain takes it."""
        return {
            message.seq: Hide(frozenset(message.hidden_words), frozenset(message.hidden_attachments))
            for message in self.messages
        }


class _ContextMembers(BaseModel):
    conversation_id: UUID
    seq: int = Field(ge=1, lt=2**31)
    side: Side
    sender_id: UUID
    form: Form
    at: AwareDatetime


class _ExcerptMembers(BaseModel):
    words: list[str | None] = Field(
        max_length=MOST_WORDS, description="Each word with the spaces behind it; null for a hidden one."
    )
    attachments: list[Hash | None] = Field(
        max_length=MOST, description="SHA-256 of each picture; null for a hidden one."
    )
    proofs: list[Hash] = Field(
        max_length=MOST_WORDS + MOST, description="For each word, then each picture: its key, or if hidden its hash."
    )
    stamp: Annotated[str, Field(min_length=48, max_length=48), AfterValidator(_is_base64url)]


class ExcerptContext(_ContextMembers, Output):
    """Where, when and by whom a message was sent: what we vouch for beside the words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CONTEXT]})


class MessageExcerpt(_ExcerptMembers, Output):
    """One message as it is shown: exactly this leaves, and nothing else. It proves itself; see docs/franking.md."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXCERPT]})

    context: ExcerptContext

    @classmethod
    def of(cls, excerpt: Excerpt) -> Self:
        """The same, as an answer."""
        opened, context = excerpt.opened, excerpt.context
        proofs = [one.key if isinstance(one, Shown) else one.digest for one in (*opened.words, *opened.attachments)]
        return cls(
            context=ExcerptContext.model_validate(context),
            words=[one.content.decode() if isinstance(one, Shown) else None for one in opened.words],
            attachments=[text_of(one.content) if isinstance(one, Shown) else None for one in opened.attachments],
            proofs=[text_of(proof) for proof in proofs], stamp=text_of(excerpt.stamp),
        )  # fmt: skip


class Excerpts(Output):
    """What leaves, message by message."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXCERPT]}]})

    items: list[MessageExcerpt]


class ShownContext(_ContextMembers, Input):
    """The context that somebody shows with an excerpt."""


class ShownExcerpt(_ExcerptMembers, Input):
    """One message as somebody shows it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXCERPT]})

    context: ShownContext

    @model_validator(mode="after")
    def _one_proof_each(self) -> Self:
        if len(self.proofs) != len(self.words) + len(self.attachments):
            raise ValueError("There is one proof for each word and each picture.")
        return self

    def excerpt(self) -> Excerpt:
        """The same, as the domain takes it."""
        proofs = [bytes_of(proof) for proof in self.proofs]
        words = [None if word is None else word.encode() for word in self.words]
        pictures = [None if digest is None else bytes_of(digest) for digest in self.attachments]
        leaves = [
            Hidden(proof) if content is None else Shown(content, proof)
            for content, proof in zip([*words, *pictures], proofs, strict=True)
        ]
        context = Context(**dict(self.context))
        return Excerpt(Opened(leaves[: len(words)], leaves[len(words) :]), context, bytes_of(self.stamp))


class NewVerification(Input):
    """What to verify."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXCERPT]}]})

    items: list[ShownExcerpt] = Field(min_length=1, max_length=MOST)


class Verdict(Output):
    """Whether an excerpt is genuine; if so, where, when and by which side it was said, and nothing else."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERDICT]})

    genuine: bool
    conversation_id: UUID | None
    side: Side | None
    at: datetime | None
    seq: int | None

    @classmethod
    def on(cls, shown: Excerpt, *, genuine: bool) -> Self:
        """Of what is not genuine nothing is said."""
        if not genuine:
            return cls(genuine=False, conversation_id=None, side=None, at=None, seq=None)
        said = shown.context
        return cls(genuine=True, conversation_id=said.conversation_id, side=said.side, at=said.at, seq=said.seq)


class Verification(Output):
    """A verdict on each, in the order in which they were shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_VERDICT]}]})

    items: list[Verdict]


class NewStaffReading(Input):
    """Why somebody of the house looks into an observed conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ticket_id": REQUEST, "reason": "dispute"}]})

    ticket_id: UUID
    reason: LookReason
    after_seq: int = Field(default=0, ge=0, lt=2**31)
    limit: int = Field(default=50, ge=1, le=100)
