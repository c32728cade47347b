"""The API's description: problems instead of the framework's own error model, and how a token is sent."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from libs.kit.problems import Problem

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An OIDC access token (RFC 9068). The names beside an operation are the roles that may call it.",
}


def describe(app: FastAPI, tags: dict[str, str]) -> None:
    """Let the application describe itself our way."""
    app.openapi_tags = [{"name": name, "description": words} for name, words in tags.items()]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document_of(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def document_of(app: FastAPI) -> dict[str, Any]:
    """The whole description."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    components = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = components.setdefault("schemas", {})
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"token": _TOKEN}
    return document
