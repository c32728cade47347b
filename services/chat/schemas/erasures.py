"""What goes over HTTP about forgetting."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue

from libs.kit.schemas import Input, Output
from services.chat.schemas.examples import MOMENT, OLENA, REQUEST

_ERASED: dict[str, JsonValue] = {"conversation_id": REQUEST, "erased_at": MOMENT, "complete": True}


class NewErasure(Input):
    """Whom to forget."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject_id": OLENA}]})

    subject_id: UUID = Field(description="A client, specialist or representative; anybody who has used the chat.")


class ErasureView(Output):
    """A conversation that is forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ERASED]})

    conversation_id: UUID
    erased_at: datetime
    complete: bool = Field(description="Its key is destroyed, and its pictures are gone.")


class SubjectErasure(Output):
    """What was forgotten of a person."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject_id": OLENA, "conversations": [_ERASED]}]})

    subject_id: UUID
    conversations: list[ErasureView] = Field(description="Each of which they were the client, erased now or before.")
