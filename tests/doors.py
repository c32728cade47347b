"""Every route of a service, as its description has it, and knocking at each as anybody."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import httpx

from libs.bus.ids import uuid7
from libs.kit.service import application
from libs.kit.settings import PlatformSettings
from tests.people import ANNA, HILL, MARTA, OLENA, OMAR, SOFIA, THERAPY, VERA, Principal

PARTNER, ANALYST = (
    Principal(UUID(int=number), THERAPY, role, frozenset({role}))
    for number, role in enumerate(("partner", "analyst"), start=1)
)
EVERYBODY = (OLENA, ANNA, MARTA, SOFIA, OMAR, PARTNER, ANALYST, VERA, HILL)


@dataclass(frozen=True)
class Operation:
    """One route and method."""

    name: str
    method: str
    path: str
    roles: frozenset[str]
    public: bool
    body: Any

    def at(self, ids: dict[str, str]) -> str:
        """Its address, with these ids in it."""
        return self.path.removeprefix("/v1/").format_map(ids)

    def lets_in(self, person: Principal) -> bool:
        """Whether its policy names a role of theirs."""
        return self.public or not self.roles or bool(self.roles & person.roles)


class Doors:
    """All routes of a service."""

    def __init__(self, service: str) -> None:
        described = application(importlib.import_module(f"services.{service}").service, PlatformSettings(env="test"))
        self._document = json.loads(json.dumps(described.openapi()))

    @cached_property
    def operations(self) -> list[Operation]:
        """In the order of the description."""
        return list(self._operations())

    @property
    def writes(self) -> list[Operation]:
        """Those that take a body of JSON."""
        return [each for each in self.operations if each.body is not None]

    def _operations(self) -> Iterator[Operation]:
        for path, methods in self._document["paths"].items():
            for method, it in methods.items():
                content = it.get("requestBody", {}).get("content", {}).get("application/json")
                roles = frozenset(it["security"][0]["token"]) if it["security"] else frozenset()
                body = content.get("example", self._example(content["schema"])) if content else None
                yield Operation(it["operationId"], method.upper(), path, roles, not it["security"], body)

    def _example(self, schema: dict[str, Any]) -> Any:
        """The least that fits a schema."""
        if "$ref" in schema:
            return self._example(self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if schema.get("examples"):
            return schema["examples"][0]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self._example(choices[0])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        needed = {name: self._example(schema["properties"][name]) for name in schema.get("required", ())}
        least: dict[str, Any] = {
            "object": needed, "array": [], "boolean": False, "integer": 1, "string": str(UUID(int=7)),
        }  # fmt: skip
        return least[schema["type"]]


@dataclass(frozen=True)
class Door:
    """Knocks as somebody, at things that have these ids."""

    http: httpx.AsyncClient
    as_: Any
    ids: dict[str, str]

    async def knock(self, at: Operation, person: Principal | None, **sent: Any) -> httpx.Response:
        headers = {"If-Match": '"1"'} | (self.as_(person, key=str(uuid7())) if person else {})
        headers |= sent.pop("headers", {})
        told = {"json": at.body} if at.body is not None and not sent else sent
        return await self.http.request(at.method, at.at(self.ids), headers=headers, **told)

    async def wrong(self, person: Principal | None, asked: list[Operation], right: int, **sent: Any) -> list[str]:
        """Where the answer is another than it should be."""
        found = []
        for each in asked:
            answer = await self.knock(each, person, **sent)
            if answer.status_code != right:
                found.append(
                    f"{each.method} {each.path} as {person and person.role}: {answer.status_code} {answer.text[:200]}"
                )
        return found
