"""What an event is: a frozen fact of ids, choices, numbers and times, entered into one catalogue."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, dataclass_transform
from uuid import UUID

import msgspec

Tenant = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="Whose policy and data this is.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Version = Annotated[
    int, msgspec.Meta(ge=1, description="The greatest version wins; a tie goes to the greater event id.")
]

Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$", description="32 bytes of SHA-256, in hexadecimal.")]
Signature = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$", description="64 bytes of Ed25519, in hexadecimal.")]


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _Declared(msgspec.StructMeta):
    """Lets a class line say where its events go: `class X(Event, topic="intake.requests", key="request_id")`."""

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        body: dict[str, Any],
        *,
        topic: str = "",
        key: str = "",
        version: int = 1,
    ) -> Any:
        body.setdefault("__annotations__", {})
        event: Any = super().__new__(mcs, name, bases, body, frozen=True, kw_only=True, gc=False)
        if topic:
            event.topic, event.key = topic, key
            event.type = f"dovira.{topic.partition('.')[0]}.{name}.v{version}"
            Event.catalogue[event.type] = event
        return event


class Event(msgspec.Struct, metaclass=_Declared):
    """Something that happened. It carries no words that people wrote: ids, choices, numbers and times only."""

    catalogue: ClassVar[dict[str, type["Event"]]] = {}
    topic: ClassVar[str]
    key: ClassVar[str]
    type: ClassVar[str]

    tenant: Tenant
    at: Moment

    @property
    def key_id(self) -> UUID:
        """The id within which order is kept."""
        return getattr(self, self.key)  # type: ignore[no-any-return]
