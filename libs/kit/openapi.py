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


_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}


def describe(app: FastAPI, tags: dict[str, str], *, at: str) -> None:
    """Let the application describe itself our way; `at` is its path wherever it is served."""
    app.openapi_tags = [{"name": name, "description": words} for name, words in tags.items()]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document_of(app, at)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document_of(app: FastAPI, at: str) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags,
        servers=[{"url": at}], license_info=_LICENSE,
    )  # fmt: skip
    components = document.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = components.setdefault("schemas", {})
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {"token": _TOKEN}
    return document
