"""What goes over HTTP about conversations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.events.chat import PrivacyMode, Purpose, Side
from libs.kit.helplines import Helpline, HelplineView
from libs.kit.schemas import Input, Output
from services.chat.domain import WHO_MAY_READ, Participant
from services.chat.queries import readable_after, side_of
from services.chat.schemas.examples import ANNA, MOMENT, OLENA, REQUEST, REVIEW
from services.chat.tables import ConversationRow

_READERS: JsonValue = [
    {"side": "client", "id": OLENA, "read_seq": 4, "read_at": MOMENT},
    {"side": "clinic", "id": ANNA, "read_seq": 3, "read_at": MOMENT},
]


class Reader(Output):
    """Somebody who can read a conversation, and how far they have."""

    side: Side
    id: UUID
    read_seq: int = Field(description="0 until they have read something.")
    read_at: datetime | None


class Conversation(Output):
    """A conversation, as one of its two sides sees it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": REQUEST, "side": "client", "purpose": "solve", "review_id": REVIEW, "privacy_mode": "sealed",
                    "who_may_read": WHO_MAY_READ["sealed"], "readers": _READERS, "opened_at": "2026-03-02T18:00:12Z",
                    "readable_after_seq": 0, "last_seq": 4, "ended_at": "2026-03-02T18:40:00Z", "ended_by": "client",
                    "helplines": [],
                }
            ]
        }
    )  # fmt: skip

    id: UUID = Field(description="The request's, where it belongs to one.")
    side: Side = Field(description="Yours.")
    purpose: Purpose = Field(description="Why it was opened: for a request, or to solve or thank for a review.")
    review_id: UUID | None
    privacy_mode: PrivacyMode = Field(
        description="Sealed: nobody but the readers, no staff. Observed: staff too, with a reason, seen by both sides. "
        "Fixed for life."
    )
    who_may_read: str = Field(description="The same for people: show it above the conversation.")
    readers: list[Reader] = Field(description="Everybody who can read this conversation, and how far they have.")
    opened_at: datetime = Field(description="With the counterpart who has, or had, it last.")
    readable_after_seq: int = Field(description="You read what comes after this number.")
    last_seq: int = Field(description="How many messages there have been.")
    ended_at: datetime | None = Field(description="Since then nobody can write.")
    helplines: list[HelplineView] = Field(
        description="Show them to the client above the conversation: it may take more help than a talk (B17). Nobody "
        "else is shown any."
    )
    ended_by: str | None = Field(description="`client`, or `house` when support struck the request from the record.")

    @classmethod
    def seen_by(
        cls,
        reader: Participant,
        row: ConversationRow,
        read: Mapping[UUID, tuple[int, datetime]],
        helplines: Sequence[Helpline] = (),
    ) -> Self:
        """The side of whoever asks is part of the answer; a counterpart who lost the request is no reader."""
        seats = [("client", row.client_id)]
        if row.released_at is None:
            seats.append((row.counterpart_side, row.counterpart_id))
        mine = side_of(row, reader)
        readers = []
        for side, who in seats:
            seq, at = read.get(who, (0, None))
            readers.append(Reader.model_validate({"side": side, "id": who, "read_seq": seq, "read_at": at}))
        return cls.model_validate(
            {
                "id": row.id, "side": mine, "purpose": row.purpose, "review_id": row.review_id,
                "privacy_mode": row.privacy_mode, "who_may_read": WHO_MAY_READ[row.privacy_mode], "readers": readers,
                "opened_at": row.opened_at, "readable_after_seq": readable_after(row, reader),
                "last_seq": row.last_seq, "ended_at": row.ended_at, "ended_by": row.ended_by,
                "helplines": list(helplines) if mine == "client" else [],
            }
        )  # fmt: skip


class ReadUntil(Input):
    """How far one has read."""

    seq: int = Field(ge=1, le=2**31 - 1, examples=[4], description="The last message that was on the screen.")


class ReadPosition(Output):
    """How far one has read; it never goes back."""

    seq: int = Field(examples=[4])


class LiveTicket(Output):
    """A right to open the live connection once."""

    ticket: str = Field(examples=["kq0yH1mCz4bNw2sVx8rTfL6pJ3dGa9Ue"])
    expires_at: datetime = Field(examples=[MOMENT])
