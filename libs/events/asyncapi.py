"""The AsyncAPI 3 document of everything on the bus, made from the same declarations."""

import inspect
import json
from typing import Any

from libs.events.base import Event
from libs.events.schemas import schema
from libs.events.topics import TOPICS, Topic

_ENVELOPE = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "time", "tenant", "recordedtime", "correlationid"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7; the same in every copy of this event."},
        "source": {"type": "string", "description": "The service that says it, as /name."},
        "type": {"type": "string"},
        "subject": {"type": "string", "format": "uuid", "description": "The id within which order is kept."},
        "partitionkey": {"type": "string", "format": "uuid"},
        "time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "recordedtime": {"type": "string", "format": "date-time", "description": "When it became known."},
        "tenant": {"type": "string"},
        "datacontenttype": {"const": "application/json"},
        "correlationid": {"type": "string", "format": "uuid", "description": "Shared by all that one request caused."},
        "causationid": {"type": "string", "format": "uuid", "description": "The event that caused this one."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
    },
}


def document() -> dict[str, Any]:
    """Channels are topics; each service sends to its own."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dovira events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, structured mode. Ids, choices, numbers and times; never a person's words.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {name: _channel(topic) for name, topic in TOPICS.items()},
        "operations": {
            f"send.{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": f"{name} speaks."}
            for name in TOPICS
        },
        "components": {
            "schemas": {"Envelope": _ENVELOPE} | _schemas(),
            "messages": {event.__name__: _message(event) for event in _events()},
        },
    }


def _events(topic: str | None = None) -> list[type[Event]]:
    return [event for _, event in sorted(Event.catalogue.items()) if topic in {None, event.topic}]


def _channel(topic: Topic) -> dict[str, Any]:
    kept = -1 if topic.retention is None else int(topic.retention.total_seconds() * 1000)
    return {
        "address": topic.name,
        "messages": {e.__name__: {"$ref": f"#/components/messages/{e.__name__}"} for e in _events(topic.name)},
        "bindings": {"kafka": {
            "partitions": topic.partitions, "topicConfiguration": {"retention.ms": kept}, "bindingVersion": "0.5.0",
        }},
    }  # fmt: skip


def _message(event: type[Event]) -> dict[str, Any]:
    data = {"$ref": f"#/components/schemas/{event.__name__}"}
    said = {"type": "object", "required": ["data"], "properties": {"type": {"const": event.type}, "data": data}}
    return {
        "name": event.type, "title": event.__name__, "summary": inspect.getdoc(event),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, said]},
        "bindings": {"kafka": {"key": {"type": "string", "format": "uuid"}, "bindingVersion": "0.5.0"}},
    }  # fmt: skip


def _schemas() -> dict[str, Any]:
    """Every event's data, and whatever it is made of, under one roof."""
    found: dict[str, Any] = {}
    for event in _events():
        data = json.loads(json.dumps(schema(event)).replace("#/$defs/", "#/components/schemas/"))
        found |= data.pop("$defs", {})
        found[event.__name__] = {key: value for key, value in data.items() if not key.startswith("$")}
    return found
