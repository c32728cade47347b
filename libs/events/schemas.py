"""JSON Schemas of all events, made from their declarations, and the rule by which they may change."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from libs.events.base import Event

Schema = dict[str, Any]


def schema(event: type[Event]) -> Schema:
    """One event's data, self-contained."""
    (made,), definitions = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    described = definitions.pop(made["$ref"].rpartition("/")[2])
    body: Schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": event.type} | described
    body["description"] = inspect.getdoc(event)
    return body | ({"$defs": definitions} if definitions else {})


def catalogue() -> dict[str, Schema]:
    """Every event's schema by its type, in the order of names."""
    return {name: schema(Event.catalogue[name]) for name in sorted(Event.catalogue)}


def breaks(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """What a reader or a stored record of the old schemas would stumble over; additions are fine.

    A removed event, a removed or retyped field, a choice withdrawn, and a field newly required (records of yesterday
    do not have it) each need a new version of the event's type beside the old one.
    """
    gone = [f"{name}: removed" for name in old if name not in new]
    return gone + [f"{name}: {what}" for name in old if name in new for what in _breaks(old[name], new[name])]


def _breaks(old: Schema, new: Schema) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    for field in before:
        if field not in after:
            yield f"{field} is removed"
        elif withdrawn := set(before[field].get("enum", [])) - set(after[field].get("enum", [])):
            yield f"{field} no longer takes {', '.join(sorted(map(str, withdrawn)))}"
        elif _kind(before[field]) != _kind(after[field]):
            yield f"{field} is retyped"
    for field in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{field} is newly required"


def _kind(field: Schema) -> Schema:
    """What a field is, apart from its words and from choices, which may grow."""
    return {key: value for key, value in field.items() if key not in {"description", "title", "enum", "default"}}
