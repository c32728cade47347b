"""What each service says of its HTTP side, before outside judges; and each judge before a planted fault."""

import importlib
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from libs.kit import clock
from libs.kit.errors import DomainError, TooSoon
from libs.kit.problems import MEDIA_TYPE, of_domain
from libs.kit.service import application
from libs.kit.settings import PlatformSettings

NAMES = sorted(app.parent.name for app in Path("services").glob("*/app.py"))
RULES = ("lint", "--ruleset", "tests/judges/spectral.yaml", "--fail-severity=warn")
USE = """
import type { paths } from "./api";
type Answer = paths["/v1/requests/{request_id}"]["get"]["responses"][200]["content"]["application/json"];
export const number = (answer: Answer): number => answer.number;
"""


NONE = {"content": {"application/problem+json": {"examples": ()}}}


def of_service(name: str) -> Any:
    service = importlib.import_module(f"services.{name}").service
    return json.loads(json.dumps(application(service, PlatformSettings(env="test")).openapi()))


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    for path, methods in document["paths"].items():
        yield from ((path, operation) for operation in methods.values())


def errors(of: type[DomainError]) -> Iterator[type[Any]]:
    """All errors of ours that there are, whoever may raise them."""
    for each in of.__subclasses__():
        if each.__module__.startswith(("libs.", "services.")):
            yield from (each, *errors(each))


@pytest.fixture(params=NAMES)
def document(request: pytest.FixtureRequest) -> Any:
    return of_service(request.param)


@pytest.fixture
def intake() -> Any:
    return of_service("intake")


@pytest.fixture
def judge(judges: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs one of the judges over a document."""

    def judged(document: Any, name: str, *before: str, after: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document))
        command: list[str | Path] = [judges / "node_modules/.bin" / name, *before, str(path), *after]
        quiet = os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
        return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=quiet)

    return judged


def broken(document: Any) -> Any:
    """The same with one operation that is named like a class and says nothing of its refusals."""
    path = next(iter(document["paths"].values()))
    operation = next(iter(path.values()))
    operation["operationId"] = "OpenRequest"
    del operation["responses"]["4XX"]
    return document


def test_the_specification_is_kept(document: Any) -> None:
    """By its own validator."""
    validate(document)


def test_the_validator_refuses_what_is_no_specification(intake: Any) -> None:
    """A path without its parameter is none."""
    intake["paths"]["/v1/{nowhere}"] = intake["paths"].pop("/v1/requests/{request_id}")
    with pytest.raises(OpenAPIValidationError):
        validate(intake)


def test_the_house_conventions_are_kept(document: Any, judge: Any) -> None:
    """As Spectral judges them: refusals are problems, names are verbs, policies are written out, examples fit."""
    kept = judge(document, "spectral", *RULES)
    assert kept.returncode == 0, kept.stdout


def test_spectral_and_redocly_refuse_what_breaks_the_conventions(intake: Any, judge: Any) -> None:
    """Each by its name."""
    refused = judge(broken(intake), "spectral", *RULES)
    assert refused.returncode == 1
    assert "operations-are-named-like-functions" in refused.stdout
    assert "refused-with-problems" in refused.stdout
    del intake["servers"]
    assert judge(intake, "redocly", "lint", "--extends=recommended").returncode == 1


def test_redocly_recommends_nothing_else(document: Any, judge: Any) -> None:
    """Its recommended rules, errors and warnings alike."""
    kept = judge(document, "redocly", "lint", "--extends=recommended", "--format=json")
    assert json.loads(kept.stdout)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, kept.stdout


def test_who_is_to_wait_is_told_how_long(document: Any) -> None:
    """Wherever there is a limit, the description has the header."""
    for path, operation in operations(document):
        if limit := operation["responses"].get("429"):
            assert limit["headers"]["Retry-After"]["required"], path
            assert limit["content"]["application/problem+json"]["examples"], path


def test_every_limit_says_what_to_do_and_when_and_is_described_where_it_holds() -> None:
    """As an answer over HTTP: a title that is a sentence, and a number of seconds from now on."""
    described = {
        code
        for name in NAMES
        for _, operation in operations(of_service(name))
        for code in operation["responses"].get("429", NONE)["content"]["application/problem+json"]["examples"]
    }
    limits = [each for each in errors(DomainError) if each.status == 429 and each is not TooSoon]
    assert {each.code() for each in limits} == described
    for limit in limits:
        answer = of_domain(limit(clock.now() + timedelta(seconds=7)) if issubclass(limit, TooSoon) else limit())
        said = json.loads(bytes(answer.body))
        assert (answer.status_code, said["code"], answer.media_type) == (429, limit.code(), MEDIA_TYPE)
        assert said["title"].endswith("."), limit
        assert re.search(r"[Ww]ait|again|later", said["title"]), limit
        assert int(answer.headers["Retry-After"]) >= 1, limit


def test_a_front_end_gets_types_that_compile(intake: Any, judge: Any, judges: Path, tmp_path: Path) -> None:
    """And that know a field from a slip of the pen."""
    api = tmp_path / "api.d.ts"
    written = judge(intake, "openapi-typescript", after=("--output", str(api)))
    assert written.returncode == 0, written.stderr
    for word, code in (("answer.number", 0), ("answer.nubmer", 2)):
        (tmp_path / "use.ts").write_text(USE.replace("answer.number", word))
        tsc: list[str | Path] = [
            judges / "node_modules/.bin/tsc",
            "--noEmit",
            "--strict",
            "--target",
            "es2022",
            str(tmp_path / "use.ts"),
        ]
        compiled = subprocess.run(tsc, capture_output=True, text=True, timeout=120, check=False)
        assert compiled.returncode == code, compiled.stdout
