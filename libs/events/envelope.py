"""The CloudEvents 1.0 envelope around every event, in structured JSON: one decode of one buffer."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from libs.events.base import Event, Moment, Tenant

SIZE_CAP = 256 * 1024  # bytes; refused in the writer's own transaction, so that no oversized record reaches the log


class Undecodable(ValueError):
    """These bytes are no event of ours. They are parked, never guessed at."""


class UnknownType(ValueError):
    """An event of a type that this code has not heard of: from a newer version, say. It is skipped and counted."""


class TooLarge(ValueError):
    """An event over the size cap cannot be published."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event with what the bus must know of it. Attribute names are those of the specification."""

    id: UUID
    source: str
    type: str
    subject: UUID
    time: Moment
    tenant: Tenant
    recordedtime: Moment
    data: Event
    correlationid: UUID
    causationid: UUID | None = None
    traceparent: str | None = None
    specversion: Literal["1.0"]
    datacontenttype: Literal["application/json"]
    partitionkey: UUID


class _Received(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The same, with the data still unread: most readers skip most types."""

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    time: Moment
    recordedtime: Moment
    data: msgspec.Raw
    correlationid: UUID
    causationid: UUID | None = None
    traceparent: str | None = None


_encoder = msgspec.json.Encoder()
_outer = msgspec.json.Decoder(_Received)
_decoders: dict[str, msgspec.json.Decoder[Event]] = {}


def wrap(
    data: Event, *, id: UUID, source: str, recorded: datetime, correlation: UUID,
    causation: UUID | None = None, traceparent: str | None = None,
) -> Envelope:  # fmt: skip
    """Put an event into its envelope: what the event says of itself is said once, by the event."""
    return Envelope(
        specversion="1.0", id=id, source=source, type=data.type, subject=data.key_id, time=data.at, tenant=data.tenant,
        datacontenttype="application/json", partitionkey=data.key_id, recordedtime=recorded, data=data,
        correlationid=correlation, causationid=causation, traceparent=traceparent,
    )  # fmt: skip


def encode(envelope: Envelope) -> bytes:
    """The bytes that go on the bus, into webhooks and the parking lot alike."""
    value = _encoder.encode(envelope)
    if len(value) > SIZE_CAP:
        raise TooLarge(f"{envelope.type} has {len(value)} bytes; the bus takes {SIZE_CAP}")
    return value


def decode(value: bytes, wanted: frozenset[str] | None = None) -> Envelope | None:
    """Read a record; None for a type that is not wanted. Raises Undecodable or UnknownType, and nothing else."""
    try:
        outer = _outer.decode(value)
        if wanted is not None and outer.type not in wanted and outer.type in Event.catalogue:
            return None
        data = _decoder(outer.type).decode(outer.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(str(error)) from error
    return wrap(
        data, id=outer.id, source=outer.source, recorded=outer.recordedtime,
        correlation=outer.correlationid, causation=outer.causationid, traceparent=outer.traceparent,
    )  # fmt: skip


def _decoder(event_type: str) -> "msgspec.json.Decoder[Any]":
    """One decoder per type, made on first use."""
    if event_type not in Event.catalogue:
        raise UnknownType(event_type[:80])
    if event_type not in _decoders:
        _decoders[event_type] = msgspec.json.Decoder(Event.catalogue[event_type])
    return _decoders[event_type]
