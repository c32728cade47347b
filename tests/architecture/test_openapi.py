"""What each service says of its HTTP side, before outside judges; and each judge before a planted fault."""

import importlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from libs.kit.service import application
from libs.kit.settings import PlatformSettings

NAMES = sorted(app.parent.name for app in Path("services").glob("*/app.py"))
RULES = ("lint", "--ruleset", "tests/judges/spectral.yaml", "--fail-severity=warn")
USE = """
import type { paths } from "./api";
type Answer = paths["/v1/requests/{request_id}"]["get"]["responses"][200]["content"]["application/json"];
export const number = (answer: Answer): number => answer.number;
"""


@pytest.fixture(params=NAMES)
def document(request: pytest.FixtureRequest, platform: PlatformSettings) -> Any:
    service = importlib.import_module(f"services.{request.param}").service
    return json.loads(json.dumps(application(service, platform).openapi()))


@pytest.fixture
def intake(platform: PlatformSettings) -> Any:
    service = importlib.import_module("services.intake").service
    return json.loads(json.dumps(application(service, platform).openapi()))


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
