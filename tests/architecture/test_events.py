"""Nobody's words travel: a fact on the bus is ids, choices, numbers and times."""

from collections.abc import Iterator
from datetime import date, datetime
from types import new_class
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest

from libs.events import TOPICS, Event
from libs.events.base import Digest, Moment, Signature, Tenant
from libs.events.intake import Country

FACTS = {"uuid", "date-time", "date"}
# A tenant's name, a country's letters, and what has a fixed length and an alphabet of sixteen; all else may be words.
SHAPES = {msgspec.json.schema(kind)["pattern"] for kind in (Tenant, Country, Digest, Signature)}


def words(event: type[Event]) -> list[str]:
    """Where an event could hold what a person wrote."""
    schema = msgspec.json.schema(event)
    return list(_words(schema, event.__name__, schema.get("$defs", {})))


def _words(schema: dict[str, Any], path: str, known: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    for each in schema.get("anyOf", ()):
        yield from _words(each, path, known)
    if "anyOf" in schema or "enum" in schema or "const" in schema:
        return
    match schema.get("type"):
        case "integer" | "number" | "boolean" | "null":
            return
        case "string" if schema.get("format") in FACTS or schema.get("pattern") in SHAPES:
            return
        case "array" if schema.get("items") or schema.get("prefixItems"):
            for each in (*schema.get("prefixItems", ()), *([schema["items"]] if schema.get("items") else [])):
                yield from _words(each, f"{path}[]", known)
        case "object" if "properties" in schema:
            for name, each in schema["properties"].items():
                yield from _words(each, f"{path}.{name}", known)
        case _:
            # Text, bytes, a mapping whose keys may be anything, or simply anything.
            yield path


@pytest.mark.parametrize("event", Event.catalogue.values(), ids=lambda event: event.__name__)
def test_events_carry_facts_not_words(event: type[Event]) -> None:
    """Free text could hold what a client confided, so no event has any."""
    assert words(event) == []


def planted(kind: Any) -> Any:
    """An event with one field of a kind; without a topic it stays out of the catalogue."""
    return new_class("Planted", (Event,), exec_body=lambda body: body.update(__annotations__={"it": kind}))


class Inner(msgspec.Struct):
    """Something nested."""

    note: str


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        (str, "Planted.it"),
        (str | None, "Planted.it"),
        (list[str], "Planted.it[]"),
        (tuple[UUID, str], "Planted.it[]"),
        (list[Inner | None], "Planted.it[].note"),
        (dict[str, int], "Planted.it"),
        (bytes, "Planted.it"),
        (datetime, "Planted.it"),  # without a zone it is no moment, whatever else it may be
        (Any, "Planted.it"),
        (list[Any], "Planted.it"),
        (Annotated[str, msgspec.Meta(max_length=20)], "Planted.it"),
        (Annotated[str, msgspec.Meta(pattern="^.*$")], "Planted.it"),
        (Annotated[str, msgspec.Meta(pattern="^[0-9a-f]+$")], "Planted.it"),
    ],
    ids=str,
)
def test_words_are_found_however_they_are_wrapped(kind: Any, where: str) -> None:
    assert words(planted(kind)) == [where]


@pytest.mark.parametrize("kind", [UUID, Moment, date, int, float, bool, Literal["a", "b"], list[UUID], None])
def test_facts_pass(kind: Any) -> None:
    assert words(planted(kind)) == []


@pytest.mark.parametrize("event", Event.catalogue.values(), ids=lambda event: event.__name__)
def test_every_event_has_a_declared_topic_and_a_key_of_its_own(event: type[Event]) -> None:
    assert event.topic in TOPICS
    assert {field.name: field.type for field in msgspec.structs.fields(event)}[event.key] is UUID
