"""Whoever knows one service knows all of them, and no function is long."""

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = sorted(app.parent for app in ROOT.glob("services/*/app.py"))
NAMES = {
    "__init__", "app", "settings", "api", "schemas", "consumers", "jobs", "commands", "queries", "domain", "tables",
    "migrations",
}  # fmt: skip
DRAWERS = {"utils", "util", "helpers", "common", "misc", "shared", "base_service", "manager", "managers", "tools"}


def modules(*parts: str) -> list[Path]:
    """Code of ours; a migration is history, not code."""
    found = (file for part in parts for file in (ROOT / part).rglob("*.py"))
    return sorted(file for file in found if "versions" not in file.parts)


def lengths() -> list[int]:
    """How many lines each function has."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in modules("services", "libs", "deploy"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_functions_are_short() -> None:
    found = lengths()
    assert median(found) <= 10
    assert quantiles(found, n=20)[-1] <= 30
    assert max(found) <= 60


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_has_the_names_that_all_services_have(service: Path) -> None:
    found = {entry.stem for entry in service.iterdir() if entry.suffix in {".py", ""} and entry.name != "__pycache__"}
    assert found <= NAMES
    assert {"__init__", "app", "api", "domain", "tables", "migrations"} <= found


def test_no_file_is_a_drawer_of_leftovers() -> None:
    assert [str(file) for file in modules("services", "libs", "deploy") if file.stem in DRAWERS] == []


def test_files_have_one_subject() -> None:
    counted = {
        file: len(file.read_text(encoding="utf-8").splitlines()) for file in modules("services", "libs", "deploy")
    }
    assert median(counted.values()) <= 150
    assert {file: lines for file, lines in counted.items() if lines > 300} == {}
