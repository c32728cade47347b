"""Frames that a live connection takes; each has a `type`."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from libs.kit.schemas import Input
from services.chat.schemas.conversations import ReadUntil
from services.chat.schemas.messages import NewMessage

LATEST = 2**31 - 1


class Hello(Input):
    """The first frame: the ticket, and the last message that is already known."""

    type: Literal["hello"]
    ticket: str = Field(min_length=1, max_length=64)
    after_seq: int = Field(default=0, ge=0, le=LATEST)


class Send(NewMessage):
    """A message to the other side."""

    type: Literal["send"]


class Typing(Input):
    """One is writing at this moment."""

    type: Literal["typing"]


class Read(ReadUntil):
    """How far one has read."""

    type: Literal["read"]


Frame = Annotated[Send | Typing | Read, Field(discriminator="type")]
HELLO: TypeAdapter[Hello] = TypeAdapter(Hello)
FRAME: TypeAdapter[Send | Typing | Read] = TypeAdapter(Frame)
